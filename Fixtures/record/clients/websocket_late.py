"""Says half of it before the capture begins: python websocket_late.py ws://HOST:PORT"""
import asyncio
import json
import sys

from websockets.asyncio.client import connect


async def say(connection, number):
    await connection.send(json.dumps({"type": "say", "text": f"message {number}", "again": "and again and again"}))
    await connection.recv()


async def main():
    server = sys.argv[1]
    async with (
        connect(f"{server}/live") as packed,
        connect(f"{server}/live", compression=None) as plain,
    ):
        for number in range(4):
            await say(packed, number)
            await say(plain, number)
        print("halfway", flush=True)
        sys.stdin.readline()
        for number in range(4, 8):
            await say(packed, number)
            await say(plain, number)
        # Refers to nothing before itself.
        await packed.send(bytes(range(256)))
        await packed.recv()


asyncio.run(main())
