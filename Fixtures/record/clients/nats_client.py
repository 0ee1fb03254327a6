"""nats-py against nats-server: python nats_client.py SCENARIO [PORT]"""
import asyncio
import ssl

import nats
from nats.errors import NoRespondersError

from scenario import halfway, run
from traces import REFUSED, traceparent


async def connect(port="4222"):
    return await nats.connect(f"nats://127.0.0.1:{port}", name="shop", allow_reconnect=False, connect_timeout=5)


async def publish(port="4222"):
    bus = await connect(port)
    every = await bus.subscribe("orders.>")
    workers = await bus.subscribe("orders.new", queue="workers")
    for number in range(3):
        await bus.publish("orders.new", b'{"order": %d}' % number)
    await bus.publish("orders.cancelled", b"")
    for _ in range(4):
        await every.next_msg(timeout=5)
    await workers.next_msg(timeout=5)
    await every.unsubscribe()
    await bus.drain()


async def over_tls(certificate):
    """The server says INFO in the clear, and then both go on within TLS."""
    bus = await nats.connect("tls://127.0.0.1:4222", name="shop", tls=ssl.create_default_context(cafile=certificate))
    inbox = await bus.subscribe("orders.*")
    for number in range(3):
        await bus.publish(f"orders.{number}", b'{"order": %d}' % number)
    for _ in range(3):
        await inbox.next_msg(timeout=5)
    await bus.drain()


async def headers():
    bus = await connect()
    inbox = await bus.subscribe("orders.new")
    await bus.publish("orders.new", b"\x00\xff binary \r\n", headers={"Trace-Id": "abc", "Content-Type": "application/x-bytes"})
    await bus.publish("orders.new", b"", headers={"Empty": ""})
    for _ in range(2):
        await inbox.next_msg(timeout=5)
    await bus.drain()


async def traces():
    """Of the traces that headers name: published, delivered, asked and answered; one header before it is long."""
    bus = await connect()

    async def answer(message):
        await bus.publish(message.reply, b"in stock", headers={"traceparent": traceparent(9)})

    await bus.subscribe("stock.check", cb=answer)
    inbox = await bus.subscribe("orders.*")
    await bus.publish("orders.first", b"1", headers={"traceparent": traceparent(1)})
    await bus.publish("orders.second", b"2" * 20000, headers={"Filler": "x" * 3000, "Traceparent": traceparent(2)})
    await bus.publish("orders.none", b"traceparent: " + traceparent(8).encode())
    for place, value in enumerate(REFUSED):
        await bus.publish(f"orders.refused{place}", b"", headers={"traceparent": value})
    for _ in range(3 + len(REFUSED)):
        await inbox.next_msg(timeout=5)
    await bus.request("stock.check", b"teapot", timeout=5, headers={"traceparent": traceparent(3)})
    await bus.drain()


async def request():
    bus = await connect()

    async def answer(message):
        await message.respond(b"in stock")

    await bus.subscribe("stock.check", cb=answer)
    await bus.request("stock.check", b"teapot", timeout=5)
    try:
        await bus.request("nobody.listens", b"hello", timeout=5)
    except NoRespondersError:
        pass
    await bus.drain()


async def across():
    """Publishes on one server of the cluster until the subscriber on the other one has heard it."""
    here, there = await connect("4222"), await connect("4223")
    inbox = await there.subscribe("orders.new")
    await there.flush()
    for attempt in range(50):  # the route has to carry the subscription first
        await here.publish("orders.new", b"across")
        try:
            await inbox.next_msg(timeout=0.2)
            break
        except nats.errors.TimeoutError:
            continue
    await here.close()
    await there.close()


async def late(port="4222"):
    bus = await connect(port)
    inbox = await bus.subscribe("orders.new")
    await bus.flush()
    await asyncio.to_thread(halfway)
    for number in range(3):
        await bus.publish("orders.new", b"order %d" % number)
        await inbox.next_msg(timeout=5)
    await bus.flush()
    await bus.close()


run(globals())
