"""What all clients here ask: client.py PORT [CERTIFICATE]."""
import json
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPSConnection


def ask(connection, path, wanted, body=None):
    connection.request("POST" if body else "GET", path, body)
    response = connection.getresponse()
    text = response.read()
    assert response.status == wanted, f"{path}: {response.status}"
    return text


def fresh():
    if len(sys.argv) == 2:
        return HTTPConnection("127.0.0.1", int(sys.argv[1]))
    return HTTPSConnection("127.0.0.1", int(sys.argv[1]), context=ssl.create_default_context(cafile=sys.argv[2]))


kept = fresh()
for number in range(1, 21):
    ask(kept, f"/items/{number}", 200)
assert ask(kept, "/echo", 200, b"y" * 200_000) == b"y" * 200_000
assert len(json.loads(ask(kept, "/large", 200))["text"]) == 300_000
ask(kept, "/missing", 404)
with ThreadPoolExecutor(10) as threads:
    list(threads.map(lambda number: ask(fresh(), f"/items/{number}", 200), range(10)))
