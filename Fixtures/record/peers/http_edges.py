"""Python's http.server, answering what the standard allows or a failing server does and nginx never would.

    python http_edges.py PORT
"""
import gzip
import json
import socket
import struct
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Edges(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        {
            "/trailers": self.trailers,
            "/extensions": self.extensions,
            "/gzip-in-chunks": self.gzip_in_chunks,
            "/until-close": self.until_close,
            "/reset": self.reset,
            "/short": self.short,
        }.get(self.path, self.plain)()

    def do_POST(self):
        if self.path == "/too-large":
            return self.refuse_early()
        self.plain(self.body())

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        data = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():  # the trailers
            pass
        return data

    def plain(self, data=b"hello\n"):
        self.begin(("Content-Type", "text/plain"), ("Content-Length", str(len(data))))
        self.wfile.write(data)

    def begin(self, *headers):
        self.send_response(200)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def chunk(self, data, extension=b""):
        self.wfile.write(b"%x%s\r\n%s\r\n" % (len(data), extension, data))

    def trailers(self):
        self.begin(("Content-Type", "application/json"), ("Transfer-Encoding", "chunked"), ("Trailer", "X-Checksum, X-Rows"))
        for row in range(3):
            self.chunk(json.dumps({"row": row}).encode() + b"\n")
        self.wfile.write(b"0\r\nX-Checksum: 5f4dcc3b\r\nX-Rows: 3\r\n\r\n")

    def extensions(self):
        self.begin(("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked"))
        self.chunk(b"one chunk, ", b";name=value")
        self.chunk(b"and one whose size has leading zeros", b';quoted="a;b"')
        self.wfile.write(b"000A;flag\r\n, and more\r\n0;last\r\n\r\n")

    def gzip_in_chunks(self):
        data = gzip.compress(b"a line that compresses well\n" * 200, mtime=0)
        self.begin(("Content-Type", "text/plain"), ("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked"))
        for start in range(0, len(data), 7):  # smaller than gzip's own header
            self.chunk(data[start : start + 7])
        self.wfile.write(b"0\r\n\r\n")

    def until_close(self):
        self.begin(("Content-Type", "text/plain"), ("Connection", "close"))
        self.wfile.write(b"the end of this body is the end of the connection\n" * 10)
        self.close_connection = True

    def reset(self):
        """Half the body, then a reset: with a linger time of 0 closing sends RST in place of FIN."""
        self.begin(("Content-Type", "text/plain"), ("Content-Length", "4000"))
        self.wfile.write(b"x" * 2000)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def short(self):
        """An orderly close with half of the promised body missing."""
        self.begin(("Content-Type", "text/plain"), ("Content-Length", "4000"))
        self.wfile.write(b"x" * 2000)
        self.close_connection = True

    def refuse_early(self):
        """The answer is sent when only the head of the request has been read."""
        self.send_response(413)
        self.send_header("Content-Length", "10")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"too large\n")
        self.body()  # the rest is read and thrown away, else the close would become a reset
        self.close_connection = True

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Edges).serve_forever()
