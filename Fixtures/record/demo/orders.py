"""orders: takes orders into PostgreSQL, tells NATS about them and hands them to the warehouse by RabbitMQ."""
import json
import sys

import nats
import pika
import psycopg
from aiohttp import web

routes = web.RouteTableDef()


@routes.get("/orders")
async def list_orders(request):
    cursor = await request.app["database"].execute("select id, item, quantity from orders order by id")
    return web.json_response([{"id": i, "item": item, "quantity": n} for i, item, n in await cursor.fetchall()])


@routes.post("/orders")
async def take_order(request):
    order = await request.json()
    if order.get("quantity", 1) < 1:
        return web.json_response({"error": "quantity must be positive", "field": "quantity"}, status=422)
    cursor = await request.app["database"].execute(
        "insert into orders (item, quantity) values (%s, %s) returning id", (order["item"], order.get("quantity", 1))
    )
    (order["id"],) = await cursor.fetchone()
    await request.app["bus"].publish("orders.new", json.dumps(order).encode(), headers={"Origin": "orders"})
    tell_warehouse(order)
    return web.json_response(order, status=201, headers={"Location": f"/orders/{order['id']}"})


@routes.get("/orders/{id}")
async def show_order(request):
    cursor = await request.app["database"].execute(
        "select id, item, quantity, note from orders where id = %s", (int(request.match_info["id"]),)
    )
    row = await cursor.fetchone()
    if row is None:
        return web.json_response({"error": "no such order"}, status=404)
    return web.json_response(dict(zip(("id", "item", "quantity", "note"), row)))


@routes.put("/orders/{id}/note")
async def annotate(request):
    note = (await request.json())["note"]
    await request.app["database"].execute("update orders set note = %s where id = %s", (note, int(request.match_info["id"])))
    return web.Response(status=204)


def tell_warehouse(order):
    connection = pika.BlockingConnection(pika.ConnectionParameters("rabbitmq"))
    channel = connection.channel()
    channel.queue_declare("warehouse")
    channel.basic_publish("", "warehouse", json.dumps(order).encode(), pika.BasicProperties(content_type="application/json"))
    connection.close()


async def connect(app):
    app["bus"] = await nats.connect("nats://nats:4222", name="orders")
    app["database"] = await psycopg.AsyncConnection.connect("host=postgres user=shop dbname=shop sslmode=disable", autocommit=True)
    await app["database"].execute("create temporary table orders (id serial, item int, quantity int, note text)")
    yield
    await app["database"].close()
    await app["bus"].close()


app = web.Application()
app.add_routes(routes)
app.cleanup_ctx.append(connect)
web.run_app(app, port=int(sys.argv[1]), print=None)
