"""HTTP clients in Python: python http_client.py SCENARIO [ARGUMENT…]"""
import http.client
import socket

import requests

from scenario import halfway, run

API = "http://shop.test:8081"


def session():
    """Three exchanges on requests' one pooled connection."""
    with requests.Session() as shop:
        for path in ("/catalog.json", "/page.html", "/empty"):
            shop.get("http://shop.test:8080" + path).raise_for_status()


def json_api():
    """Every method, and for the same path answers of several shapes."""
    with requests.Session() as shop:
        shop.get(API + "/items")
        shop.get(API + "/items", params={"tag": "tea"})
        shop.get(API + "/items", params={"tag": "nothing has this"})
        shop.get(API + "/items/1")
        shop.get(API + "/items/2")
        shop.get(API + "/items/99")
        shop.post(API + "/items", json={"name": "kettle", "price": 30})
        shop.post(API + "/items", json={"name": "spoon", "price": None, "size": {"length": 14.5, "unit": "cm"}})
        shop.post(API + "/items", json={"price": 1})
        shop.post(API + "/items", data="{not json", headers={"Content-Type": "application/json"})
        shop.put(API + "/items/3", json={"id": 3, "name": "big kettle", "price": 35, "tags": ["kitchen"]})
        shop.patch(API + "/items/3", json={"price": 33})  # 405
        shop.delete(API + "/items/3")
        shop.get(API + "/login")


def bodies():
    """Text in several scripts, text that is no UTF-8, and all 256 bytes; form and binary uploads."""
    with requests.Session() as shop:
        shop.get(API + "/items/2")
        shop.get(API + "/latin1")
        shop.post(API + "/echo", data="日本語 и кириллица — ñ".encode(), headers={"Content-Type": "text/plain; charset=utf-8"})
        shop.post(API + "/echo", data=bytes(range(256)) * 8, headers={"Content-Type": "application/octet-stream"})
        shop.post(API + "/echo", data={"naïve": "a&b=c", "empty": ""})
        shop.get(API + "/items?tag=%E6%97%A5")


def chunked_upload():
    """A generator as the body: requests sends each piece as one chunk."""
    pieces = (f"row {number}\n".encode() * 20 for number in range(5))
    requests.post("http://shop.test:8082/upload", data=pieces, timeout=10).raise_for_status()


def pipelined():
    """Eight requests in one send, among them a HEAD, a 404 and a 304, then the eight answers."""
    requests_sent = [
        "GET /catalog.json HTTP/1.1\r\nHost: shop.test\r\n\r\n",
        "HEAD /catalog.json HTTP/1.1\r\nHost: shop.test\r\n\r\n",
        "GET /missing HTTP/1.1\r\nHost: shop.test\r\n\r\n",
        "GET /page.html HTTP/1.1\r\nHost: shop.test\r\nRange: bytes=0-99\r\n\r\n",
        "GET /empty HTTP/1.1\r\nHost: shop.test\r\n\r\n",
        "GET /page.html HTTP/1.1\r\nHost: shop.test\r\nAccept-Encoding: gzip\r\n\r\n",
        "GET /catalog.json HTTP/1.1\r\nHost: shop.test\r\nIf-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT\r\n\r\n",
        "GET /old HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n",
    ]
    with socket.create_connection(("127.0.0.1", 8080)) as connection:
        connection.sendall("".join(requests_sent).encode())
        while connection.recv(65536):
            pass


def one_byte_segments():
    """A request that arrives byte by byte, each in a segment of its own."""
    with socket.create_connection(("127.0.0.1", 8080)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET /empty HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n":
            connection.sendall(bytes([byte]))
        while connection.recv(65536):
            pass


def bad_requests():
    """What nginx answers with 400, 405, 414 and 505, each on a connection of its own."""
    for request in (
        b"GET /\r\nnot a header\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",  # no Host
        b"TRACE / HTTP/1.1\r\nHost: shop.test\r\n\r\n",
        b"GET /" + b"long" * 2500 + b" HTTP/1.1\r\nHost: shop.test\r\n\r\n",
        b"GET / HTTP/3.0\r\nHost: shop.test\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", 8080)) as connection:
            connection.sendall(request)
            while connection.recv(65536):
                pass


def late():
    """One keep-alive connection; the capture begins after the head of a request and before its body."""
    connection = http.client.HTTPConnection("shop.test", 8081)
    for _ in range(2):
        connection.request("GET", "/items")
        connection.getresponse().read()
    body = b'{"name": "sent after the capture began", "price": 1}'
    connection.putrequest("POST", "/items")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    halfway()
    connection.send(body)
    connection.getresponse().read()
    for path in ("/items", "/items/1", "/items/99"):
        connection.request("GET", path)
        connection.getresponse().read()
    connection.close()


def early_response():
    """Sends the head and one piece of a large body, gets the answer, and only then sends the rest."""
    with socket.create_connection(("127.0.0.1", 8082)) as connection:
        connection.sendall(b"POST /too-large HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3000\r\n\r\n" + b"a" * 1000)
        connection.recv(65536)
        connection.sendall(b"b" * 2000)
        while connection.recv(65536):
            pass


def broken_answers():
    """Bodies that end too soon, by a reset and by an orderly close."""
    for path in ("/reset", "/short"):
        try:
            requests.get("http://shop.test:8082" + path, timeout=10)
        except requests.exceptions.RequestException as problem:
            print(path, problem)


def reused_port():
    """Two connections, one after the other, from the same port: the same tuple, new sequence numbers.

    Each is read to its end, so that nginx closes first: TIME-WAIT is then its affair, and the port is free.
    """
    for path in ("/catalog.json", "/missing"):
        with socket.create_connection(("127.0.0.1", 8080), source_address=("127.0.0.1", 40000)) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n".encode())
            while connection.recv(65536):
                pass


def half_closed():
    """The client says FIN right after its request, and the answer still comes."""
    with socket.create_connection(("127.0.0.1", 8082)) as connection:
        connection.sendall(b"GET /until-close HTTP/1.1\r\nHost: shop.test\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


run(globals())
