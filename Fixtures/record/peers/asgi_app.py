"""An ASGI application that says what it was asked, goes on with /events and /lines, and echoes on WebSockets, for hypercorn: hypercorn asgi_app:app"""
import asyncio
import json

EVENTS = [
    b": welcome\n\n", b'event: price\nid: 1\ndata: {"sku": "a", "cents": 100}\n\n',
    b'event: price\nid: 2\ndata: {"sku": "b",\ndata:  "cents": 200}\n\n', b"data: bye\n\n",
]
LINES = [b'{"type": "add", "n": 1}\n', b'{"type": "add", ', b'"n": 2}\n{"type": "end"}\n']


async def echo(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event["text"]})


async def stream(send, type, pieces):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", type)]})
    for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(0.01)
    await send({"type": "http.response.body", "body": b""})


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        return await echo(receive, send)
    if scope["type"] != "http":
        return
    if scope["path"] == "/events":
        return await stream(send, b"text/event-stream", EVENTS)
    if scope["path"] == "/lines":
        return await stream(send, b"application/x-ndjson", LINES)
    body = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            break
    said = {"path": scope["path"], "version": scope["http_version"], "bytes": len(body)}
    status = 404 if scope["path"] == "/missing" else 200
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(said).encode()})
