"""Asks memcached for all kinds of things, in its three protocols: python memcached_operations.py"""
import socket
import time

import bmemcached
from pymemcache.client.base import Client


class Raw:
    """A connection that is told exactly what to send."""

    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", 11211))
        self.socket.settimeout(5)

    def ask(self, text, end):
        """Sends, and reads until the answer ends so."""
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())
        heard = b""
        while not heard.endswith(end.encode()):
            heard += self.socket.recv(65536)


def text(raw):
    raw.ask("set user:1001:name 0 0 5\r\nalice\r\n", "STORED\r\n")
    raw.ask("get user:1001:name\r\n", "END\r\n")
    raw.ask("get user:1001:name user:1002:name session:0b1f7a52-0a3c-4c1e-9a30-5d3f6f1f2a11\r\n", "END\r\n")
    raw.ask("gets user:1001:name\r\n", "END\r\n")
    raw.ask("cas user:1001:name 0 0 3 1\r\nbob\r\n", "\r\n")
    raw.ask("add user:1001:name 0 0 3\r\nbob\r\n", "NOT_STORED\r\n")
    raw.ask("append user:1001:name 0 0 4\r\n\r\n!!\r\n", "STORED\r\n")
    raw.ask("replace missing 0 0 1\r\nx\r\n", "NOT_STORED\r\n")
    raw.ask("set counter 0 0 1\r\n5\r\nincr counter 3\r\ndecr counter 1\r\nincr missing 1\r\n", "NOT_FOUND\r\n")
    raw.ask("incr user:1001:name 1\r\n", "\r\n")
    raw.ask("touch counter 100\r\ntouch missing 100\r\ngat 100 counter\r\n", "END\r\n")
    raw.ask("delete counter\r\ndelete counter\r\n", "NOT_FOUND\r\n")
    raw.ask("set quiet 0 0 1 noreply\r\nx\r\ndelete quiet noreply\r\nget quiet\r\n", "END\r\n")
    raw.ask("nonsense secret\r\n", "ERROR\r\n")
    raw.ask("get\r\n", "ERROR\r\n")
    raw.ask("set big 0 0 20000\r\n" + "END\r\n" * 4000 + "\r\n", "STORED\r\n")
    raw.ask("get big\r\n", "END\r\n\r\nEND\r\n")
    raw.ask("stats items\r\n", "END\r\n")
    raw.ask("version\r\nflush_all\r\n", "OK\r\n")


def meta(raw):
    raw.ask("ms color:red 4\r\nruby\r\nmg color:red v t\r\nmg color:none v\r\n", "EN\r\n")
    raw.ask("mg color:red v q k\r\nmg color:none v q k\r\nms a 1 q\r\nx\r\nmn\r\n", "MN\r\n")
    raw.ask("mg a v q O1\r\nmg b v q O2\r\nmg color:red v q O3\r\nmn\r\n", "MN\r\n")
    raw.ask("ma n N0 J5 v\r\nma n D2 v\r\nma n MI q\r\nmn\r\n", "MN\r\n")
    raw.ask("ms a 1 ME\r\ny\r\nms c 1 C1 F0\r\ny\r\n", "\r\n")
    time.sleep(0.1)
    raw.ask("md a q\r\nmd a q\r\nmn\r\nme color:red\r\nmg Y29sb3I6cmVk b v\r\n", "ruby\r\n")


def libraries():
    cache = Client(("127.0.0.1", 11211), default_noreply=False)
    cache.set_many({f"page:{number}": "x" * number for number in range(8)})
    cache.get_many([f"page:{number}" for number in range(12)])
    cache.close()
    cache = bmemcached.Client(("127.0.0.1:11211",))
    cache.set("greeting", "hello")
    cache.get("greeting")
    cache.get("missing")
    cache.set_multi({f"item:{number}": f"value {number}" for number in range(4)})
    cache.get_multi([f"item:{number}" for number in range(6)])
    cache.incr("visits", 1)
    cache.delete("greeting")
    cache.delete("greeting")
    cache.disconnect_all()


first = Raw()
text(first)
meta(first)
first.socket.close()
libraries()
