"""Text, binary, a large compressed message, a ping and an orderly close."""
import asyncio

from websockets.asyncio.client import connect


async def main():
    async with connect("ws://shop.test:8090/chat?room=1") as connection:
        for message in ("hello", "GET / HTTP/1.1\r\nHost: not-a-request\r\n\r\n", bytes(range(200)), "long " * 1000):
            await connection.send(message)
            assert await connection.recv() == message
        await (await connection.ping())


asyncio.run(main())
