#!/usr/bin/env python3
"""Enough of a SQL Server for python-tds, as none is to be had: mssql_peer.py PORT.

Follows [MS-TDS] 7.4: PRELOGIN without encryption, LOGIN7, SQL batches and RPC. Every query that selects from items
gets rows, 20 of them where it says "top 20"; everything else is done at once.
"""

import socketserver
import struct
import sys

SQL_BATCH, RPC, RESPONSE, ATTENTION, TRANSACTION, LOGIN7, PRELOGIN = 1, 3, 4, 6, 14, 16, 18
END_OF_MESSAGE, PACKET_SIZE = 1, 4096
COLLATION = b"\x09\x04\xd0\x00\x34"
VERSION = b"\x0f\x00\x07\xd0"  # 15.0.2000


def wide(text):
    return text.encode("utf-16-le")


def short_text(text):
    return bytes([len(text)]) + wide(text)


def token(kind, body):
    return bytes([kind]) + struct.pack("<H", len(body)) + body


def done(rows=0, status=0x10):
    return b"\xfd" + struct.pack("<HHQ", status, 0xC1, rows)


def prelogin():
    options = [VERSION + b"\0\0", b"\x02", b"\0", b"", b"\0"]  # version, encryption: none, instance, thread, MARS
    start, index, data = 5 * len(options) + 1, b"", b""
    for number, option in enumerate(options):
        index += struct.pack(">BHH", number, start + len(data), len(option))
        data += option
    return index + b"\xff" + data


def logged_in():
    changes = [b"\x01" + short_text("shop") + short_text("master"), b"\x04" + short_text("4096") * 2,
               b"\x07\x05" + COLLATION + b"\0"]
    acknowledgment = b"\x01\x74\x00\x00\x04" + short_text("Microsoft SQL Server\0\0") + VERSION
    return b"".join(token(0xE3, change) for change in changes) + token(0xAD, acknowledgment) + done(status=0)


def rows(count):
    columns = struct.pack("<IHB", 0, 8, 0x38) + short_text("id")
    columns += struct.pack("<IHBH", 0, 9, 0xE7, 400) + COLLATION + short_text("name")
    answer = b"\x81" + struct.pack("<H", 2) + columns
    for number in range(count):
        name = wide(f"item number {number}")
        answer += b"\xd1" + struct.pack("<iH", number, len(name)) + name
    return answer + done(count)


def answer(kind, body):
    if kind == PRELOGIN:
        return prelogin()
    if kind == LOGIN7:
        return logged_in()
    query = body.replace(b"\0", b"").lower()
    if kind in (SQL_BATCH, RPC) and b"from items" in query:
        return rows(20 if b"top 20" in query else 3)
    return done(status=0x20 if kind == ATTENTION else 0)


class Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        body = b""
        while len(head := self.rfile.read(8)) == 8:
            kind, status, length = struct.unpack_from(">BBH", head)
            body += self.rfile.read(length - 8)
            if status & END_OF_MESSAGE:
                self.reply(answer(kind, body))
                body = b""

    def reply(self, message):
        step = PACKET_SIZE - 8
        parts = [message[start : start + step] for start in range(0, len(message), step)]
        for number, part in enumerate(parts, 1):
            last = END_OF_MESSAGE if number == len(parts) else 0
            self.wfile.write(struct.pack(">BBHHBB", RESPONSE, last, len(part) + 8, 51, number & 255, 0) + part)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Connection).serve_forever()
