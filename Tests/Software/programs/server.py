"""What all servers here say: server.py PORT [CERTIFICATE KEY]."""
import json
import re
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if item := re.fullmatch(r"/items/(\d+)", self.path):
            self.answer(200, json.dumps({"id": int(item[1]), "name": f"item {item[1]}"}).encode())
        elif self.path == "/large":
            self.answer(200, json.dumps({"text": "x" * 300_000}).encode())
        else:
            self.answer(404, b'{"error":"no such thing"}')

    def do_POST(self):
        self.answer(200, self.rfile.read(int(self.headers["Content-Length"])), "text/plain")

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[2:])
    # Each shakes hands in its own thread.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
