"""A torrent file, and a tracker that knows one peer.

    python bittorrent_tracker.py make FILE TORRENT
    python bittorrent_tracker.py track PORT PORT-OF-THE-PEER
"""
import hashlib
import pathlib
import socket
import struct
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

PIECE = 16384


def bencode(value):
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"


def make(source, target):
    data = pathlib.Path(source).read_bytes()
    pieces = b"".join(hashlib.sha1(data[start : start + PIECE]).digest() for start in range(0, len(data), PIECE))
    info = {b"name": pathlib.Path(source).name.encode(), b"length": len(data), b"piece length": PIECE, b"pieces": pieces}
    pathlib.Path(target).write_bytes(bencode({b"announce": b"http://127.0.0.1:6969/announce", b"info": info}))


class Tracker(BaseHTTPRequestHandler):
    def do_GET(self):
        peer = socket.inet_aton("127.0.0.1") + struct.pack(">H", int(sys.argv[3]))
        body = bencode({b"interval": 600, b"peers": peer})
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if sys.argv[1] == "make":
    make(*sys.argv[2:])
else:
    HTTPServer(("127.0.0.1", int(sys.argv[2])), Tracker).serve_forever()
