"""Asks nats-server for all kinds of things: python nats_operations.py; WITNESS FILE listens to all subjects beside it."""
import asyncio
import json
import sys

import nats
from nats.errors import NoRespondersError, TimeoutError
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.errors import APIError, NotFoundError


async def witness(path):
    """What the server delivers to `>`, over its WebSocket, which is not in the capture."""
    bus = await nats.connect("ws://127.0.0.1:4280")
    with open(path, "w", encoding="utf-8") as told:

        async def write(message):
            # What JetStream delivers is no news.
            if message.reply.startswith("$JS.ACK."):
                return
            told.write(json.dumps({"subject": message.subject, "reply": bool(message.reply), "bytes": len(message.data)}) + "\n")
            told.flush()

        # Not to all: nobody may listen to some.
        for subject in ("orders.>", "stock.>", "events.>", "$JS.API.>", "$KV.>", "_INBOX.>"):
            await bus.subscribe(subject, cb=write)
        await bus.flush()
        print("listening", flush=True)
        await asyncio.sleep(60)


async def messages():
    bus = await nats.connect("nats://127.0.0.1:4222", name="shop")
    orders = await bus.subscribe("orders.>")
    workers = await bus.subscribe("orders.*.new", queue="workers")
    await bus.publish("orders.1001.new", b'{"secret": 1}')
    await bus.publish("orders.0b1f7a52-0a3c-4c1e-9a30-5d3f6f1f2a11.new", b"PUB a 1\r\nx\r\n", headers={"Trace-Id": "abc"})
    for subscription, count in ((orders, 2), (workers, 2)):
        for _ in range(count):
            await subscription.next_msg(timeout=5)

    async def answer(message):
        await message.respond(b"in stock" * 200)

    await bus.subscribe("stock.check", cb=answer)
    for _ in range(3):
        await bus.request("stock.check", b"teapot", timeout=5)
    try:
        await bus.request("nobody.listens", b"hello", timeout=5)
    except NoRespondersError:
        pass
    await bus.subscribe("stock.silent")
    try:
        await bus.request("stock.silent", b"hello", timeout=0.1)
    except TimeoutError:
        pass
    await bus.drain()


async def streams():
    bus = await nats.connect("nats://127.0.0.1:4222")
    stream = bus.jetstream()
    await stream.add_stream(StreamConfig(name="EVENTS", subjects=["events.>"]))
    for number in range(4):
        await stream.publish(f"events.{number}", b"x" * number)
    try:
        await stream.publish("events.1", b"x", headers={"Nats-Expected-Last-Sequence": "99"})
    except APIError:
        pass
    consumer = await stream.pull_subscribe("events.>", durable="worker")
    for message in await consumer.fetch(2, timeout=5):
        await message.ack()
    (message,) = await consumer.fetch(1, timeout=5)
    await message.nak()
    (message,) = await consumer.fetch(1, timeout=5)
    await message.in_progress()
    await message.term()
    try:
        await consumer.fetch(5, timeout=0.2)
        await consumer.fetch(5, timeout=0.2)
    except TimeoutError:
        pass
    try:
        await stream.stream_info("MISSING")
    except NotFoundError:
        pass
    pushed = await stream.subscribe("events.>", config=ConsumerConfig(ack_policy="explicit"))
    for _ in range(4):
        await (await pushed.next_msg(timeout=5)).ack()
    bucket = await stream.create_key_value(bucket="settings")
    await bucket.put("color.main", b"red")
    await bucket.get("color.main")
    await stream.delete_stream("EVENTS")
    await bus.close()


async def all_of_it():
    await messages()
    await streams()


asyncio.run(witness(sys.argv[2]) if sys.argv[1:] and sys.argv[1] == "witness" else all_of_it())
