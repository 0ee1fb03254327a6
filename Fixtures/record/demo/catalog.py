"""catalog: what there is to buy. Items from MariaDB, kept in Redis; views counted in memcached."""
import json
import sys

import pymysql
import redis.asyncio as redis
from aiohttp import web
from pymemcache.client.base import Client as Memcached

routes = web.RouteTableDef()


def read_items():
    """A connection for each reading, as a service does that reads seldom."""
    with pymysql.connect(host="mariadb", user="shop", password="secret", database="shop", ssl_disabled=True) as database:
        with database.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute("select id, name, price from items order by id")
            return {row["id"]: row for row in cursor.fetchall()}


@routes.get("/items")
async def items(request):
    cached = await request.app["redis"].get("items")
    if cached is None:
        cached = json.dumps({"items": list(read_items().values())})
        await request.app["redis"].set("items", cached, ex=60)
    return web.Response(text=cached, content_type="application/json")


@routes.get("/items/{id}")
async def item(request):
    found = read_items().get(int(request.match_info["id"]))
    if found is None:
        return web.json_response({"error": "no such item"}, status=404)
    views = request.app["memcached"]
    views.add(f"views:{found['id']}", "0")
    found["views"] = views.incr(f"views:{found['id']}", 1)
    if found["price"] is not None and found["price"] > 10:
        found["discount"] = {"percent": 10, "code": "TEA"}
    return web.json_response(found)


async def connect(app):
    app["redis"] = redis.Redis(host="redis")
    app["memcached"] = Memcached(("memcached", 11211), default_noreply=False)
    yield
    await app["redis"].aclose()
    app["memcached"].close()


app = web.Application()
app.add_routes(routes)
app.cleanup_ctx.append(connect)
web.run_app(app, port=int(sys.argv[1]), print=None)
