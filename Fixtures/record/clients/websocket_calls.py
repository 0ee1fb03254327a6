"""Calls and messages of several kinds: python websocket_calls.py ws://HOST:PORT"""
import asyncio
import json
import sys

from websockets.asyncio.client import connect

SERVER = sys.argv[1]


async def rpc():
    async with connect(f"{SERVER}/rpc") as connection:
        for number in range(3):
            await connection.send(json.dumps({"jsonrpc": "2.0", "method": "add", "params": [1, number], "id": number}))
            await connection.recv()
        await connection.send(json.dumps({"jsonrpc": "2.0", "method": "log", "params": ["nothing"]}))
        await connection.send(json.dumps({"jsonrpc": "2.0", "method": "missing", "id": "x"}))
        await connection.recv()


async def graphql():
    async with connect(f"{SERVER}/graphql", subprotocols=["graphql-transport-ws"], compression=None) as connection:
        await connection.send(json.dumps({"type": "connection_init"}))
        await connection.recv()
        for name, query, answers in ("Orders", "query Orders { orders }", 2), ("Ticks", "subscription Ticks { ticks }", 4):
            payload = {"operationName": name, "query": query}
            await connection.send(json.dumps({"id": name, "type": "subscribe", "payload": payload}))
            for _ in range(answers):
                await connection.recv()


async def live():
    async def parts():
        for part in "in ", "four ", "fragments ", "of text":
            yield part

    async with connect(f"{SERVER}/live?room=7") as connection:
        for message in {"type": "join", "room": "a"}, {"type": "say", "text": "hello"}, {"type": "say", "text": "hello"}:
            await connection.send(json.dumps(message))
            await connection.recv()
        await connection.send(parts())
        await connection.recv()
        await (await connection.ping())
        rows = json.dumps({"type": "rows", "rows": [{"number": number, "text": "x" * 50} for number in range(2000)]})
        await connection.send(rows)
        assert await connection.recv() == rows
        await connection.close(4001, "enough")


async def main():
    await rpc()
    await graphql()
    await live()


asyncio.run(main())
