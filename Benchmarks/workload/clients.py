#!/usr/bin/env python3
"""One client of mixed.pcap: clients.py PROTOCOL SEED. Works for a bounded number of rounds and 20 seconds at most."""

import asyncio
import json
import random
import sys
import time

HOST = "127.0.0.1"
DEADLINE = time.monotonic() + 20


def rounds(count):
    for number in range(count):
        if time.monotonic() > DEADLINE:
            return
        yield number


def padded(number, most):
    return json.dumps({"id": number, "pad": "x" * random.randrange(30, most)}).encode()


def nats():
    import nats

    async def talk():
        connection = await nats.connect(f"nats://{HOST}:4222", name="bench")

        async def on_message(message):
            if message.reply:
                await message.respond(b'{"ok":true}')

        await connection.subscribe("orders.*", cb=on_message)
        await connection.subscribe("rpc.echo", queue="workers", cb=on_message)
        for number in rounds(200):
            for part in range(20):
                headers = {"Trace": str(number)} if part % 10 == 0 else None
                await connection.publish(f"orders.{part % 7}", padded(number, 600), headers=headers)
            await connection.request("rpc.echo", b"hi %d" % number, timeout=5)
        await connection.drain()

    asyncio.run(talk())


def amqp():
    import pika

    connection = pika.BlockingConnection(pika.ConnectionParameters(HOST, 5672))
    channel = connection.channel()
    channel.exchange_declare("orders", "topic")
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "orders", "o.#")
    for number in rounds(700):
        properties = pika.BasicProperties(
            content_type="application/json", headers={"trace": str(number)}, delivery_mode=1, message_id=str(number))
        channel.basic_publish("orders", "o.new", padded(number, 600), properties)
        method, _, _ = channel.basic_get(queue, auto_ack=number % 2 == 0)
        if method and number % 2:
            channel.basic_ack(method.delivery_tag)
    connection.close()


def mysql():
    import pymysql

    connection = pymysql.connect(
        host=HOST, user="app", password="pw", database="shop", autocommit=True, ssl_disabled=True)
    cursor = connection.cursor()
    for number in rounds(700):
        cursor.execute("insert into items (name, price) values (%s, %s)", (f"name {number}", number * 0.5))
        cursor.execute("select id, name, price from items where id = %s", (number % 50 + 1,))
        if number % 10 == 0:
            cursor.execute("select * from items order by id limit 50")
        cursor.fetchall()
    connection.close()


def mongodb():
    import pymongo

    client = pymongo.MongoClient(HOST, 27017, directConnection=True, serverSelectionTimeoutMS=4000, appname="bench")
    items = client.shop.items
    for number in rounds(350):
        items.insert_one({"_id": number, "name": f"item {number}", "pad": "m" * random.randrange(20, 300)})
        list(items.find({"name": f"item {number}"}).limit(10))
    client.close()


def kafka():
    from kafka import KafkaConsumer, KafkaProducer

    address = f"{HOST}:9092"
    producer = KafkaProducer(bootstrap_servers=address, client_id="bench", linger_ms=2, enable_idempotence=False)
    for number in rounds(1500):
        sent = producer.send("orders", padded(number, 400), key=b"k%d" % (number % 9))
        if number % 20 == 0:
            sent.get(timeout=5)
    producer.flush(timeout=5)
    producer.close(timeout=5)
    consumer = KafkaConsumer(
        "orders", bootstrap_servers=address, auto_offset_reset="earliest", consumer_timeout_ms=500, group_id=None)
    for number, _ in enumerate(consumer):
        if number >= 500:
            break
    consumer.close()


def mssql():
    import pytds

    connection = pytds.connect(
        dsn=HOST, port=1433, database="shop", user="sa", password="pw", autocommit=True, enc_login_only=False)
    cursor = connection.cursor()
    for number in rounds(500):
        cursor.execute(f"select top 20 id, name from items where id > {number}")
        cursor.fetchall()
        cursor.execute("select id, name from items where id = %s", (number,))
        cursor.fetchall()
    connection.close()


CLIENTS = {"nats": nats, "amqp": amqp, "mysql": mysql, "mongodb": mongodb, "kafka": kafka, "mssql": mssql}
random.seed(int(sys.argv[2]))
CLIENTS[sys.argv[1]]()
