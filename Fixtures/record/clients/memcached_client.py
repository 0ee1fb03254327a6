"""Memcached clients: python memcached_client.py SCENARIO [PORT]"""
import socket

import bmemcached
from pymemcache.client.base import Client

from scenario import halfway, run


def text(port="11211"):
    cache = Client(("127.0.0.1", int(port)), default_noreply=False)
    cache.set("greeting", "hello", expire=60)
    cache.get("greeting")
    cache.get("missing")
    cache.set_many({f"item:{number}": f"value {number}" for number in range(4)})
    cache.get_many([f"item:{number}" for number in range(6)])
    value, token = cache.gets("greeting")
    cache.cas("greeting", "changed", token)
    cache.add("greeting", "is already there")
    cache.append("greeting", "!")
    cache.set("visits", "1")
    cache.incr("visits", 5)
    cache.touch("visits", 30)
    cache.delete("visits")
    cache.set("unanswered", "value", noreply=True)
    cache.version()
    cache.quit()


def binary(port="11211"):
    cache = bmemcached.Client((f"127.0.0.1:{port}",))
    cache.set("greeting", "hello")
    cache.get("greeting")
    cache.get("missing")
    cache.set_multi({f"item:{number}": f"value {number}" for number in range(4)})
    cache.get_multi([f"item:{number}" for number in range(6)])
    cache.incr("visits", 1)
    cache.delete("greeting")
    cache.disconnect_all()


def meta(port="11211"):
    """No client library in Debian or on PyPI speaks them without text commands in between."""
    with socket.create_connection(("127.0.0.1", int(port))) as connection:
        for command in (
            b"mn\r\n",
            b"ms greeting 5 T60 F3\r\nhello\r\n",
            b"mg greeting v f t c k Oabc\r\n",
            b"mg missing v\r\n",
            b"ms quiet 3 q\r\nabc\r\nmg quiet v q\r\nmn\r\n",  # only mg and mn are answered
            b"ma visits N0 J13 v\r\n",
            b"ma visits MD D3 v\r\n",
            b"me greeting\r\n",
            b"md greeting\r\n",
        ):
            connection.sendall(command)
            connection.recv(4096)


def large():
    cache = Client(("127.0.0.1", 11211), default_noreply=False)
    cache.set("large", b"0123456789" * 2000)
    cache.get("large")
    cache.set("lookalike", b"END\r\nget x\r\nSTORED\r\n")
    cache.get("lookalike")
    cache.quit()


def late_text():
    cache = Client(("127.0.0.1", 11211), default_noreply=False)
    cache.set("before", "the capture")
    halfway()
    cache.get("before")
    cache.get("missing")
    cache.set("after", "value")
    cache.get_many(["before", "after"])
    cache.quit()


def late_binary():
    cache = bmemcached.Client(("127.0.0.1:11211",))
    cache.set("before", "the capture")
    halfway()
    cache.get("before")
    cache.get("missing")
    cache.set("after", "value")
    cache.disconnect_all()


run(globals())
