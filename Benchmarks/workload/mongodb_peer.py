#!/usr/bin/env python3
"""Enough of a MongoDB server for pymongo, as none is to be had: mongodb_peer.py PORT.

Answers OP_MSG and the OP_QUERY that opens a connection; BSON is pymongo's own. It stores nothing: a find gets five
documents, whatever was asked.
"""

import datetime
import socketserver
import struct
import sys

import bson

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
HEADER = struct.Struct("<iiii")  # length, request id, the request that is answered, operation


def answer(command):
    name = next(iter(command)).lower()
    if name in ("hello", "ismaster"):
        return {
            "ismaster": True, "isWritablePrimary": True, "helloOk": True, "readOnly": False,
            "minWireVersion": 0, "maxWireVersion": 21, "maxBsonObjectSize": 16 << 20,
            "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000, "logicalSessionTimeoutMinutes": 30,
            "localTime": datetime.datetime.now(datetime.timezone.utc), "connectionId": 1, "ok": 1.0,
        }
    if name == "find":
        items = [{"_id": i, "name": f"item {i}", "price": i * 1.5, "tags": ["a", "b"]} for i in range(5)]
        return {"cursor": {"id": 0, "ns": "shop.items", "firstBatch": items}, "ok": 1.0}
    if name in ("insert", "update", "delete"):
        return {"n": 1, "ok": 1.0}
    if name in ("ping", "endsessions"):
        return {"ok": 1.0}
    return {"ok": 0.0, "errmsg": f"no such command: '{name}'", "code": 59, "codeName": "CommandNotFound"}


class Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        while len(head := self.rfile.read(HEADER.size)) == HEADER.size:
            length, request, _, operation = HEADER.unpack(head)
            body = self.rfile.read(length - HEADER.size)
            if operation == OP_MSG:
                # flag bits, then a section of kind 0: one document
                document = self.document(body, 5)
                self.reply(request, OP_MSG, struct.pack("<IB", 0, 0) + bson.encode(answer(document)))
            elif operation == OP_QUERY:
                # flags, a name that ends with a zero byte, two numbers, one document
                document = self.document(body, body.index(0, 4) + 9)
                fields = struct.pack("<iqii", 8, 0, 0, 1)
                self.reply(request, OP_REPLY, fields + bson.encode(answer(document)))
            else:
                return

    def document(self, body, start):
        length = struct.unpack_from("<i", body, start)[0]
        return bson.decode(body[start : start + length])

    def reply(self, request, operation, body):
        self.wfile.write(HEADER.pack(HEADER.size + len(body), request + 1, request, operation) + body)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Connection).serve_forever()
