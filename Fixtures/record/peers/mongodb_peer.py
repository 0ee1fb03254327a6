"""As much of a MongoDB server as pymongo needs: python mongodb_peer.py PORT

Frames are those of https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/ : a header of
four little-endian 32-bit numbers (length, request id, response to, opcode) and a body. OP_QUERY is
answered with OP_REPLY, OP_MSG with OP_MSG, and what came as OP_COMPRESSED is answered as that.
"""
import datetime
import itertools
import socketserver
import struct
import sys
import zlib

import bson

OP_REPLY, OP_QUERY, OP_COMPRESSED, OP_MSG = 1, 2004, 2012, 2013
CHECKSUM_PRESENT, MORE_TO_COME = 1, 2
ZLIB = 2
request_ids = itertools.count(1)


def items(first, count):
    return [{"_id": n, "name": f"item {n}", "price": n * 1.5, "tags": ["a", "b"]} for n in range(first, first + count)]


def hello(command):
    return {
        "helloOk": True, "ismaster": True, "isWritablePrimary": True, "minWireVersion": 0, "maxWireVersion": 21,
        "maxBsonObjectSize": 16 << 20, "maxMessageSizeBytes": 48000000, "maxWriteBatchSize": 100000,
        "logicalSessionTimeoutMinutes": 30, "connectionId": 1, "readOnly": False,
        "localTime": datetime.datetime.now(datetime.timezone.utc),
        "compression": [name for name in command.get("compression", []) if name == "zlib"], "ok": 1.0,
    }


def answer(command):
    name = next(iter(command))
    if name in ("hello", "ismaster", "isMaster"):
        return hello(command)
    if name == "find":
        return {"cursor": {"id": 77, "ns": f"shop.{command[name]}", "firstBatch": items(0, command.get("batchSize", 5))}, "ok": 1.0}
    if name == "getMore":
        return {"cursor": {"id": 0, "ns": f"shop.{command['collection']}", "nextBatch": items(5, 3)}, "ok": 1.0}
    if name == "aggregate":
        return {"cursor": {"id": 0, "ns": f"shop.{command[name]}", "firstBatch": [{"_id": None, "n": 42}]}, "ok": 1.0}
    if name == "insert":
        return {"n": len(command["documents"]), "ok": 1.0}
    if name in ("update", "delete"):
        return {"n": 1, "nModified": 1, "ok": 1.0}
    if name in ("ping", "endSessions", "killCursors"):
        return {"ok": 1.0}
    return {"ok": 0.0, "errmsg": f"no such command: '{name}'", "code": 59, "codeName": "CommandNotFound"}


def parse_query(body):
    """flags, collection name, two numbers, then the command."""
    command = body[body.index(b"\0", 4) + 1 + 8 :]
    return bson.decode(command)


def parse_msg(body):
    """Flags, then sections: kind 0 is the command, kind 1 a sequence of documents that belongs into it."""
    (flags,) = struct.unpack_from("<I", body)
    end = len(body) - (4 if flags & CHECKSUM_PRESENT else 0)
    command, sequences, position = {}, {}, 4
    while position < end:
        kind = body[position]
        (size,) = struct.unpack_from("<i", body, position + 1)
        section = body[position + 1 : position + 1 + size]
        if kind == 0:
            command = bson.decode(section)
        else:
            name, _, documents = section[4:].partition(b"\0")
            sequences[name.decode()] = bson.decode_all(documents)
        position += 1 + size
    return flags, {**command, **sequences}


class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        while header := self.rfile.read(16):
            length, request_id, _, opcode = struct.unpack("<iiii", header)
            self.message(opcode, self.rfile.read(length - 16), request_id)

    def message(self, opcode, body, request_id, compressed=False):
        if opcode == OP_COMPRESSED:
            inner, _, _ = struct.unpack_from("<iiB", body)
            self.message(inner, zlib.decompress(body[9:]), request_id, compressed=True)
        elif opcode == OP_QUERY:
            document = bson.encode(answer(parse_query(body)))
            self.reply(OP_REPLY, struct.pack("<iqii", 8, 0, 0, 1) + document, request_id, compressed)
        elif opcode == OP_MSG:
            flags, command = parse_msg(body)
            if not flags & MORE_TO_COME:
                self.reply(OP_MSG, struct.pack("<IB", 0, 0) + bson.encode(answer(command)), request_id, compressed)

    def reply(self, opcode, body, request_id, compressed):
        if compressed:
            body = struct.pack("<iiB", opcode, len(body), ZLIB) + zlib.compress(body)
            opcode = OP_COMPRESSED
        self.wfile.write(struct.pack("<iiii", len(body) + 16, next(request_ids), request_id, opcode) + body)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Connection).serve_forever()
