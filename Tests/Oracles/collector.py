"""A collector of OpenTelemetry that answers as it is told, one answer a request, and goes on with the last one.

    collector.py PORT FILE ANSWER…

ANSWER is a status (503), one with Retry-After (429:2), or an object of JSON, which comes with 200. FILE gets a line for each request: an object
with its path, its fields, and its body as text. Prints `listening` when it does.
"""
import gzip
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

port, path, answers = int(sys.argv[1]), sys.argv[2], sys.argv[3:]


class Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        fields = {name.lower(): value for name, value in self.headers.items()}
        with open(path, "a") as file:
            print(json.dumps({"path": self.path, "fields": fields, "body": body.decode()}), file=file)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        status, _, after = (answer if answer[0] != "{" else "200").partition(":")
        said = (answer if answer[0] == "{" else "").encode()
        self.send_response(int(status))
        if after:
            self.send_header("Retry-After", after)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", port), Collector)
print("listening", flush=True)
server.serve_forever()
