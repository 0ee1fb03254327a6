"""web: what visitors see. Asks catalog and orders over HTTP, on connections that are kept open."""
import sys

from aiohttp import ClientSession, web

CATALOG, ORDERS = "http://catalog:9001", "http://orders:9002"
routes = web.RouteTableDef()


@routes.get("/")
async def home(request):
    async with request.app["services"].get(CATALOG + "/items") as answer:
        names = [item["name"] for item in (await answer.json())["items"]]
    return web.Response(text="<h1>Shop</h1><ul>" + "".join(f"<li>{name}" for name in names) + "</ul>", content_type="text/html")


@routes.get("/item/{id}")
async def item(request):
    async with request.app["services"].get(f"{CATALOG}/items/{request.match_info['id']}") as answer:
        return web.json_response(await answer.json(), status=answer.status)


@routes.post("/buy")
async def buy(request):
    async with request.app["services"].post(ORDERS + "/orders", json=await request.json()) as answer:
        return web.json_response(await answer.json(), status=answer.status)


@routes.get("/account")
async def account(request):
    async with request.app["services"].get(ORDERS + "/orders") as answer:
        return web.json_response({"visitor": "anna", "orders": await answer.json()})


@routes.get("/account/orders/{id}")
async def order(request):
    async with request.app["services"].get(f"{ORDERS}/orders/{request.match_info['id']}") as answer:
        return web.json_response(await answer.json(), status=answer.status)


async def connect(app):
    async with ClientSession(headers={"User-Agent": "web/1.0"}) as app["services"]:
        yield


app = web.Application()
app.add_routes(routes)
app.cleanup_ctx.append(connect)
web.run_app(app, port=int(sys.argv[1]), print=None)
