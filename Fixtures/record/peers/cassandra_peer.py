"""As much of a CQL server as to refuse politely: python cassandra_peer.py PORT

Frames are those of the native protocol v4: version, flags, stream (16 bits), opcode, length (32 bits).
"""
import socketserver
import struct
import sys

ERROR, OPTIONS, SUPPORTED = 0x00, 0x05, 0x06
OVERLOADED = 0x1001


def string(text):
    return struct.pack(">H", len(text)) + text.encode()


class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        while header := self.rfile.read(9):
            version, _, stream, opcode, length = struct.unpack(">BBhBi", header)
            self.rfile.read(length)
            if opcode == OPTIONS:
                options = {"CQL_VERSION": ["3.4.5"], "COMPRESSION": []}
                body = struct.pack(">H", len(options))
                for name, values in options.items():
                    body += string(name) + struct.pack(">H", len(values)) + b"".join(map(string, values))
                answer = SUPPORTED
            else:
                body = struct.pack(">i", OVERLOADED) + string("this peer only listens")
                answer = ERROR
            self.wfile.write(struct.pack(">BBhBi", 0x80 | version, 0, stream, answer, len(body)) + body)


socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Connection).serve_forever()
