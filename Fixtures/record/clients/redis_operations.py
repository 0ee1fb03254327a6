"""Asks a Redis server for all kinds of things: python redis_operations.py"""
import socket
import threading
import time

import redis


class Raw:
    """A connection that is told exactly what to send."""

    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", 6379))
        self.stream = self.socket.makefile("rb")

    def send(self, *commands):
        self.socket.sendall(b"".join(self.encode(command) for command in commands))

    @staticmethod
    def encode(command):
        words = [word if isinstance(word, bytes) else word.encode() for word in command]
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)

    def read(self, count=1):
        for _ in range(count):
            self.value()

    def value(self):
        line = self.stream.readline()
        sign, rest = line[:1], line[1:-2]
        if sign in b"$=!" and rest != b"-1":
            self.stream.read(int(rest) + 2)
        elif sign in b"*~>" and rest != b"-1":
            for _ in range(int(rest)):
                self.value()
        elif sign in b"%|":
            for _ in range(2 * int(rest)):
                self.value()

    def ask(self, *commands):
        self.send(*[command.split() if isinstance(command, str) else command for command in commands])
        self.read(len(commands))

    def close(self):
        self.socket.close()


def keys(raw):
    raw.ask(["SET", "user:1001:cart", "a value\r\n*1\r\n$4\r\nPING\r\n"], "GET user:1001:cart", "GET user:1002:cart")
    raw.ask("MSET color:red 1 color:blue 2 item:7 3", "MGET color:red color:none item:7 item:8")
    raw.ask(["HSET", "session:0b1f7a52-0a3c-4c1e-9a30-5d3f6f1f2a11", "name", "alice"], "hget profile:alice@example.com name")
    raw.ask("EVAL return(redis.call('set',KEYS[1],ARGV[1])) 2 script:1 script:2 secret", "ZADD top:2026-11-29 1 a 2 b")
    raw.ask("ZUNIONSTORE all 2 top:2026-11-29 none WEIGHTS 1 2", "ZSCORE all a", "ZSCORE all z", "OBJECT ENCODING all")
    raw.ask("LPUSH list 3 1 2", "SORT list STORE sorted", "LPOP list", "LRANGE sorted 0 -1", "BITOP OR bits color:red none")
    raw.ask("XADD stream * field value", "XGROUP CREATE stream readers 0", "XREADGROUP GROUP readers me COUNT 1 STREAMS stream >")
    raw.ask(["SET", "big", b"x" * 20000], "GET big", ["SET", b"binary:\x00\x01\xff:key", b"\x00" * 30], "STRLEN big")


def failures(raw):
    raw.ask("INCR color", "LPUSH color:red x", "GET", "nonsense secret", "INCR user:1001:cart", "EVALSHA 00 0")
    raw.ask("MULTI", "INCR n", "LPUSH color:red x", "INCR n", "EXEC")
    raw.ask("MULTI", "INCR n", "GET", "INCR n", "EXEC")
    raw.ask("MULTI", "INCR n", "DISCARD")
    other = Raw()
    raw.ask("WATCH n")
    other.ask("INCR n")
    raw.ask("MULTI", "INCR n", "EXEC")
    other.close()


def databases(raw):
    raw.ask("SELECT 3", "SET here 1")
    raw.ask("SELECT 99", "GET here", "MULTI", "SELECT 4", "SET there 1", "EXEC", "GET there", "SELECT 0")


def silence(raw):
    raw.send(["CLIENT", "REPLY", "OFF"], ["SET", "quiet", "1"], ["INCR", "quiet"], ["CLIENT", "REPLY", "ON"])
    raw.read(1)
    raw.send(["CLIENT", "REPLY", "SKIP"], ["INCR", "quiet"], ["GET", "quiet"])
    raw.read(1)


def blocking(raw):
    other = Raw()
    raw.send("BLPOP jobs:1 jobs:2 5".split())
    time.sleep(0.05)
    other.ask("RPUSH jobs:2 job")
    raw.read(1)
    raw.ask("BLPOP jobs:1 0.02", "XREAD COUNT 1 STREAMS stream 0", "XREAD BLOCK 20 STREAMS stream $", "WAIT 0 10")
    other.close()


def subscriptions(version):
    raw, other = Raw(), Raw()
    if version == 3:
        raw.ask("HELLO 3", "CLIENT TRACKING ON", "GET color:red")
        other.ask("SET color:red 9")
        raw.read(1)
    raw.send("SUBSCRIBE news:1 news:2".split())
    raw.read(2)
    raw.send("PSUBSCRIBE news:*".split())
    raw.read(1)
    other.ask("PUBLISH news:1 hello", "PUBLISH nobody hello", "SPUBLISH shard hello")
    raw.read(2)
    raw.send(["PING"], ["UNSUBSCRIBE"], ["PUNSUBSCRIBE", "news:*"])
    raw.read(4)
    raw.ask("GET color:red", "QUIT")
    raw.close()
    other.close()


def monitor():
    raw, other = Raw(), Raw()
    raw.ask("MONITOR")
    other.ask("SET watched 'a secret'", "GET watched")
    raw.read(2)
    raw.close()
    other.close()


def inline():
    with socket.create_connection(("127.0.0.1", 6379)) as connection:
        for line in ("SET 'greeting' \"hello world\"", "", "get greeting\r\nGET missing"):
            connection.sendall(line.encode() + b"\r\n")
            if line:
                connection.recv(4096)


def library():
    with redis.Redis(protocol=3, single_connection_client=True) as shop:
        with shop.pipeline(transaction=True) as transaction:
            transaction.set("order:5001", "x").expire("order:5001", 60).get("order:5001").execute()
        with shop.pipeline(transaction=False) as many:
            for number in range(40):
                many.set(f"page:{number}:views", number).incr(f"page:{number}:views").get(f"page:{number}")
            many.execute()
        threading.Timer(0.03, lambda: redis.Redis().rpush("later", "x")).start()
        shop.blpop(["later"], timeout=5)
        for _ in shop.scan_iter(match="page:*", count=10):
            pass


first = Raw()
for part in (keys, failures, databases, silence, blocking):
    part(first)
first.close()
subscriptions(2)
subscriptions(3)
monitor()
inline()
library()
