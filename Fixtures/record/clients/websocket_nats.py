"""NATS in binary messages: python websocket_nats.py ws://HOST:PORT"""
import asyncio
import sys

from websockets.asyncio.client import connect


async def main():
    async with connect(sys.argv[1], compression=None) as connection:
        await connection.recv()
        await connection.send(b'CONNECT {"verbose":false,"pedantic":false,"lang":"python","version":"1"}\r\nPING\r\n')
        await connection.recv()
        await connection.send(b"SUB orders.* 1\r\nPUB orders.new 5\r\nhello\r\nPING\r\n")
        while b"PONG" not in await connection.recv():
            pass


asyncio.run(main())
