"""mailer: hears of new orders from NATS, reads them at orders, and notes there that the mail was sent.

It listens on a port only to be known as ready: there it answers /health.
"""
import json
import sys

import nats
from aiohttp import ClientSession, web


async def work(app):
    async with ClientSession("http://orders:9002", headers={"User-Agent": "mailer/1.0"}) as orders:

        async def send_mail(message):
            number = json.loads(message.data)["id"]
            async with orders.get(f"/orders/{number}") as answer:
                order = await answer.json()
            async with orders.put(f"/orders/{number}/note", json={"note": f"mailed {order['quantity']}"}):
                pass
            await bus.publish("mails.sent", str(number).encode())

        bus = await nats.connect("nats://nats:4222", name="mailer")
        await bus.subscribe("orders.new", cb=send_mail)
        await bus.flush()
        yield
        await bus.close()


app = web.Application()
app.router.add_get("/health", lambda request: web.json_response({"status": "up"}))
app.cleanup_ctx.append(work)
web.run_app(app, port=int(sys.argv[1]), print=None)
