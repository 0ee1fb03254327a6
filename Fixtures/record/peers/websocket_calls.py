"""JSON-RPC at /rpc, GraphQL over WebSocket at /graphql, an echo elsewhere, and a page for browsers: python websocket_calls.py PORT"""
import asyncio
import http
import json
import sys

from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.http11 import Response

PAGE = b"""<!doctype html><title>shop</title><script>
const socket = new WebSocket(`ws://${location.host}/live`);
socket.onopen = () => socket.send(JSON.stringify({type: "hello", name: "browser"}));
let left = 3;
socket.onmessage = () => {
  if (--left == 0) return socket.close(4002, "done");
  socket.send(JSON.stringify({type: "count", left: left, text: "again and again and again"}));
};
socket.onclose = () => document.title = "closed";
</script><img src="/wait">"""


async def rpc(connection):
    async for text in connection:
        call = json.loads(text)
        if "id" not in call:
            continue
        answer = {"jsonrpc": "2.0"}
        if call["method"] == "add":
            answer["result"] = {"sum": sum(call["params"])}
        else:
            answer["error"] = {"code": -32601, "message": "Method not found"}
        await connection.send(json.dumps(answer | {"id": call["id"]}))


async def graphql(connection):
    async for text in connection:
        message = json.loads(text)
        if message["type"] == "connection_init":
            await connection.send(json.dumps({"type": "connection_ack"}))
        elif message["type"] == "subscribe":
            several = message["payload"]["query"].startswith("subscription")
            for count in range(3 if several else 1):
                data = {"data": {"count": count}}
                await connection.send(json.dumps({"id": message["id"], "type": "next", "payload": data}))
                await asyncio.sleep(0.01)
            await connection.send(json.dumps({"id": message["id"], "type": "complete"}))


async def talk(connection):
    if connection.request.path == "/rpc":
        await rpc(connection)
    elif connection.request.path == "/graphql":
        await graphql(connection)
    else:
        async for message in connection:
            await connection.send(message)


async def page(connection, request):
    """The page, and a picture that takes as long to come as the script needs."""
    if request.path == "/wait":
        await asyncio.sleep(1)
        return connection.respond(http.HTTPStatus.NOT_FOUND, "")
    if request.path != "/page":
        return None
    headers = Headers({"Content-Type": "text/html", "Content-Length": str(len(PAGE))})
    return Response(http.HTTPStatus.OK, "OK", headers, PAGE)


def choose(connection, offered):
    return "graphql-transport-ws" if "graphql-transport-ws" in offered else None


async def main():
    port = int(sys.argv[1])
    async with serve(talk, "127.0.0.1", port, process_request=page, select_subprotocol=choose, max_size=None) as server:
        await server.serve_forever()


asyncio.run(main())
