"""Asks a server over HTTP/2 with prior knowledge, by a client that has no part in Tapedeck.

    http2_calls.py URL PATH...

Asks for /healthz, then for all the paths at once on the same connection; says at last a JSON array of version, status and body
of each.
"""
import asyncio
import json
import sys

import httpx

base, paths = sys.argv[1], sys.argv[2:]
connections = []


async def told(event, info):
    if event == "connection.connect_tcp.complete":
        connections.append(info)


async def ask(client, path):
    answer = await client.get(base + path, extensions={"trace": told})
    return [answer.http_version, answer.status_code, answer.text]


async def main():
    async with httpx.AsyncClient(http1=False, http2=True, timeout=60) as client:
        await ask(client, "/healthz")
        answers = await asyncio.gather(*(ask(client, path) for path in paths))
        assert len(connections) == 1, connections
        print(json.dumps(answers))


asyncio.run(main())
