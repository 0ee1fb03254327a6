"""A small shop API: JSON whose shape depends on the data, and the encodings nginx has no module for.

    python http_app.py PORT
"""
import asyncio
import json
import sys
import zlib

import zstandard
from aiohttp import web

ITEMS = {
    1: {"id": 1, "name": "teapot", "price": 19.5, "tags": ["kitchen", "tea"]},
    2: {"id": 2, "name": "Tasse mit Löwe 🦁", "price": 7, "tags": [], "discount": {"percent": 10, "until": None}},
}
LONG_LIST = {"items": [{"id": n, "name": f"item {n}", "in_stock": n % 3 == 0} for n in range(60)]}
routes = web.RouteTableDef()


def error(status, message, **details):
    return web.json_response({"error": message, **details}, status=status)


@routes.get("/items")
async def list_items(request):
    wanted = request.query.get("tag")
    found = [item for item in ITEMS.values() if wanted is None or wanted in item["tags"]]
    return web.json_response({"items": found, "total": len(found)})


@routes.get("/items/{id}")
async def show_item(request):
    item = ITEMS.get(int(request.match_info["id"]))
    return web.json_response(item) if item else error(404, "no such item", id=int(request.match_info["id"]))


@routes.post("/items")
async def create_item(request):
    try:
        item = await request.json()
    except json.JSONDecodeError as problem:
        return error(400, "not JSON", at=problem.pos)
    if "name" not in item:
        return error(422, "incomplete", missing=["name"])
    item["id"] = max(ITEMS) + 1
    ITEMS[item["id"]] = item
    return web.json_response(item, status=201, headers={"Location": f"/items/{item['id']}"})


@routes.put("/items/{id}")
async def replace_item(request):
    ITEMS[int(request.match_info["id"])] = await request.json()
    return web.json_response({"ok": True})


@routes.delete("/items/{id}")
async def delete_item(request):
    ITEMS.pop(int(request.match_info["id"]), None)
    return web.Response(status=204)


@routes.post("/echo")
async def echo(request):
    return web.Response(body=await request.read(), content_type=request.content_type)


@routes.get("/login")
async def login(request):
    response = web.json_response({"user": "anna"})
    response.set_cookie("session", "0123456789abcdef", httponly=True)
    response.set_cookie("theme", "dark, with a comma")
    return response


@routes.get("/latin1")
async def latin1(request):
    return web.Response(body="Grüße aus Köln\n".encode("latin-1"), headers={"Content-Type": "text/plain; charset=iso-8859-1"})


@routes.get("/zstd")
async def zstd(request):
    body = zstandard.ZstdCompressor().compress(json.dumps(LONG_LIST).encode())
    return web.Response(body=body, headers={"Content-Type": "application/json", "Content-Encoding": "zstd"})


@routes.get("/deflate/{kind}")
async def deflate(request):
    """RFC 9110 8.4.1.2 means zlib's format by "deflate"; some servers send the raw stream all the same."""
    window = 15 if request.match_info["kind"] == "zlib" else -15
    compressor = zlib.compressobj(wbits=window)
    body = compressor.compress(json.dumps(LONG_LIST).encode()) + compressor.flush()
    return web.Response(body=body, headers={"Content-Type": "application/json", "Content-Encoding": "deflate"})


@routes.get("/events")
async def events(request):
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    for number in range(5):
        await response.write(f"id: {number}\nevent: tick\ndata: {json.dumps({'n': number})}\n\n".encode())
        await asyncio.sleep(0.1)  # the events of a stream come one by one; that is what is recorded here
    await response.write_eof()
    return response


app = web.Application()
app.add_routes(routes)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
