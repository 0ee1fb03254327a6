"""redis-py against Redis: python redis_client.py SCENARIO [ARGUMENT…]"""
import socket

import redis

from scenario import halfway, run


def connect(protocol="2", port="6379"):
    return redis.Redis(port=int(port), protocol=int(protocol), single_connection_client=True)


def types(protocol, port="6379"):
    with connect(protocol, port) as shop:
        shop.set("greeting", "hello", ex=60)
        shop.get("greeting")
        shop.get("missing")
        shop.hset("item:1", mapping={"name": "teapot", "price": "19.5"})
        shop.hgetall("item:1")
        shop.rpush("queue", "a", "b", b"\x00\xff")
        shop.lrange("queue", 0, -1)
        shop.sadd("tags", "kitchen", "tea")
        shop.smembers("tags")
        shop.zadd("prices", {"teapot": 19.5, "cup": 7})
        shop.zrange("prices", 0, -1, withscores=True)
        shop.eval("return {1, 'two', {3, false}}", 0)
        with shop.pipeline(transaction=True) as transaction:
            transaction.incr("visits").incr("visits").execute()
        try:
            shop.incr("greeting")
        except redis.ResponseError:
            pass


def pipeline():
    with connect() as shop, shop.pipeline(transaction=False) as many:
        for number in range(50):
            many.set(f"key:{number}", "value " * (number % 20))
        many.execute()


def pubsub(protocol):
    with connect(protocol) as subscriber, connect(protocol) as publisher:
        subscription = subscriber.pubsub()
        subscription.subscribe("news")
        subscription.get_message(timeout=5)
        for number in range(3):
            publisher.publish("news", f"message {number}")
            subscription.get_message(timeout=5)
        subscription.unsubscribe("news")
        subscription.get_message(timeout=5)
        subscription.close()


def inline():
    with socket.create_connection(("127.0.0.1", 6379)) as connection:
        for line in ("PING", "SET greeting 'hello world'", "get greeting", "nonsense", "QUIT"):
            connection.sendall(line.encode() + b"\r\n")
            connection.recv(4096)


def large():
    with connect() as shop:
        shop.set("large", bytes(range(256)) * 160)
        shop.get("large")
        shop.set("lookalike", b"*1\r\n$4\r\nPING\r\n+OK\r\nGET / HTTP/1.1\r\n\r\n")
        shop.get("lookalike")


def late(port="6379"):
    join_late(connect(port=port))


def late_tls(certificate):
    join_late(redis.Redis(host="shop.test", ssl=True, ssl_ca_certs=certificate, single_connection_client=True))


def join_late(connection):
    with connection as shop:
        shop.set("before", "the capture")
        halfway()
        for number in range(4):
            shop.set(f"after:{number}", "x" * number)
            shop.get(f"after:{number}")
        shop.hgetall("missing")


run(globals())
