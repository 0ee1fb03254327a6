"""Clients of the `other` fixtures: python other_client.py SCENARIO [PORT…]"""
import random
import socket

from scenario import run


def zookeeper():
    from kazoo.client import KazooClient

    client = KazooClient("127.0.0.1:2181")
    client.start(timeout=20)
    client.create("/shop/orders", b"first", makepath=True)
    client.get("/shop/orders", watch=lambda event: None)
    client.set("/shop/orders", b"second")
    client.get_children("/shop")
    client.delete("/shop", recursive=True)
    client.stop()
    client.close()


def cassandra():
    from cassandra.cluster import Cluster, NoHostAvailable

    with Cluster(["127.0.0.1"], protocol_version=4, connect_timeout=5) as cluster:
        try:
            cluster.connect()
        except NoHostAvailable as problem:
            print(problem)


def random_bytes(*ports):
    rng = random.Random(3)
    for port in ports:
        with socket.create_connection(("127.0.0.1", int(port))) as connection:
            for _ in range(3):
                connection.sendall(rng.randbytes(rng.randrange(20, 600)))
                connection.recv(4096)


def text_lines(*ports):
    for port in ports:
        with socket.create_connection(("127.0.0.1", int(port))) as connection:
            for line in ("good morning", "how are you?", "get well soon", "set the table, please", "END"):
                connection.sendall(line.encode() + b"\r\n")
                connection.recv(4096)


def silent(*ports):
    for port in ports:
        try:
            socket.create_connection(("127.0.0.1", int(port))).close()
        except ConnectionRefusedError:
            pass


run(globals())
