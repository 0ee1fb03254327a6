"""As much of an SQL Server as its clients need: python mssql_peer.py PORT [CERTIFICATE KEY [MODE]]

Packets and tokens are those of [MS-TDS] 2.2 (TDS 7.4). With a certificate the peer encrypts. By default it demands
encryption of all: the TLS handshake is then carried in PRELOGIN packets (2.2.6.5), what follows is plain TLS. MODE login
encrypts nothing but the login; MODE strict is TDS 8.0, TLS from the first byte. SSLKEYLOGFILE names a file for the secrets.
"""
import os
import socketserver
import ssl
import struct
import sys

SQL_BATCH, RPC, ATTENTION, TRANSACTION, LOGIN7, PRELOGIN, RESPONSE = 1, 3, 6, 14, 16, 18, 4
END_OF_MESSAGE = 1
PACKET_SIZE = 4096
COLLATION = bytes.fromhex("0904d00034")
DONE_FINAL, DONE_ERROR, DONE_COUNT, DONE_ATTENTION = 0x00, 0x02, 0x10, 0x20
TM_BEGIN, TM_COMMIT = 5, 7
ENCRYPT_OFF, ENCRYPT_NOT_SUPPORTED, ENCRYPT_REQUIRED = 0, 2, 3


def b_varchar(text):
    return bytes([len(text)]) + text.encode("utf-16-le")


def us_varchar(text):
    return struct.pack("<H", len(text)) + text.encode("utf-16-le")


def token(kind, body):
    """A token with a 16-bit length."""
    return bytes([kind]) + struct.pack("<H", len(body)) + body


def done(status=DONE_FINAL, rows=0):
    return b"\xfd" + struct.pack("<HHQ", status, 0xC1, rows)


def login_acknowledged():
    database = token(0xE3, b"\x01" + b_varchar("shop") + b_varchar("master"))
    packet_size = token(0xE3, b"\x04" + b_varchar(str(PACKET_SIZE)) + b_varchar(str(PACKET_SIZE)))
    collation = token(0xE3, b"\x07\x05" + COLLATION + b"\x00")
    program = token(0xAD, b"\x01\x74\x00\x00\x04" + b_varchar("Microsoft SQL Server") + bytes([15, 0, 7, 208]))
    return database + packet_size + collation + program + done()


def error(number, message):
    body = struct.pack("<iBB", number, 1, 16) + us_varchar(message) + b_varchar("peer") + b_varchar("") + struct.pack("<I", 1)
    return token(0xAA, body) + done(DONE_ERROR)


def rows(count):
    id_column = struct.pack("<IHB", 0, 8, 0x38) + b_varchar("id")
    name_column = struct.pack("<IHBH", 0, 9, 0xE7, 400) + COLLATION + b_varchar("name")
    stream = b"\x81" + struct.pack("<H", 2) + id_column + name_column
    for number in range(count):
        name = f"item number {number}".encode("utf-16-le")
        stream += b"\xd1" + struct.pack("<iH", number, len(name)) + name
    return stream + done(DONE_COUNT, count)


def transaction(body):
    """Begin and commit change the transaction descriptor, by which the next requests name it."""
    (headers,) = struct.unpack_from("<I", body)
    (request,) = struct.unpack_from("<H", body, headers)
    descriptor = struct.pack("<Q", 1)
    begun = token(0xE3, b"\x08\x08" + descriptor + b"\x00")
    if request == TM_BEGIN:
        return begun + done()
    ended = token(0xE3, bytes([9 if request == TM_COMMIT else 10]) + b"\x00\x08" + descriptor)
    # A commit or rollback may ask for the next transaction in the same request: name, then a flag.
    name_length = body[headers + 2]
    begins_another = body[headers + 3 + name_length] & 1
    return ended + (begun if begins_another else b"") + done()


def query(body):
    text = body.replace(b"\0", b"").lower()
    if b"nosuch" in text:
        return error(207, "Invalid column name 'nosuch'.")
    if b"from items" in text:
        return rows(300 if b"every" in text else 3)
    return done(DONE_COUNT, 1)


class Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        self.in_plain()
        if self.server.mode == "strict":
            tls = self.server.tls.wrap_socket(self.connection, server_side=True)
            self.receive, self.send = tls.makefile("rb").read, tls.sendall
        while message := self.read_message():
            kind, body = message
            if kind == PRELOGIN:
                self.prelogin()
            elif kind == LOGIN7:
                if self.server.mode == "login":
                    self.in_plain()
                self.write_message(RESPONSE, login_acknowledged())
            elif kind in (SQL_BATCH, RPC):
                self.write_message(RESPONSE, query(body))
            elif kind == TRANSACTION:
                self.write_message(RESPONSE, transaction(body))
            elif kind == ATTENTION:
                self.write_message(RESPONSE, done(DONE_ATTENTION))
            else:
                return

    def in_plain(self):
        self.receive, self.send = self.rfile.read, self.wfile.write

    def read_message(self):
        body = b""
        while header := self.receive(8):
            kind, status, length = struct.unpack_from(">BBH", header)
            body += self.receive(length - 8)
            if status & END_OF_MESSAGE:
                return kind, body

    def write_message(self, kind, body):
        pieces = [body[start : start + PACKET_SIZE - 8] for start in range(0, len(body), PACKET_SIZE - 8)]
        for number, piece in enumerate(pieces, 1):
            status = END_OF_MESSAGE if number == len(pieces) else 0
            self.send(struct.pack(">BBHHBB", kind, status, len(piece) + 8, 51, number & 255, 0) + piece)

    def prelogin(self):
        encryption = {"all": ENCRYPT_REQUIRED, "login": ENCRYPT_OFF}.get(self.server.mode, ENCRYPT_NOT_SUPPORTED)
        options = [b"\x0f\x00\x07\xd0\x00\x00", bytes([encryption]), b"\x00", b"", b"\x00"]
        offset, table = 5 * len(options) + 1, b""
        for number, value in enumerate(options):
            table += struct.pack(">BHH", number, offset, len(value))
            offset += len(value)
        self.write_message(RESPONSE, table + b"\xff" + b"".join(options))
        if encryption != ENCRYPT_NOT_SUPPORTED:
            self.encrypt()

    def encrypt(self):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.server.tls.wrap_bio(incoming, outgoing, server_side=True)

        def handshake():
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    if outgoing.pending:
                        self.write_message(PRELOGIN, outgoing.read())
                    incoming.write(self.read_message()[1])
            if outgoing.pending:
                self.write_message(PRELOGIN, outgoing.read())

        def receive(count):
            data = b""
            while len(data) < count:
                try:
                    piece = tls.read(count - len(data))
                    if not piece:
                        break
                    data += piece
                except ssl.SSLWantReadError:
                    more = self.connection.recv(65536)
                    if not more:
                        break
                    incoming.write(more)
                except ssl.SSLError:
                    break
            return data

        def send(data):
            tls.write(data)
            self.wfile.write(outgoing.read())

        handshake()
        self.receive, self.send = receive, send


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    tls = None
    mode = "none"


server = Server(("127.0.0.1", int(sys.argv[1])), Connection)
if len(sys.argv) > 2:
    server.mode = sys.argv[4] if len(sys.argv) > 4 else "all"
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.load_cert_chain(*sys.argv[2:4])
    server.tls.keylog_filename = os.environ.get("SSLKEYLOGFILE")
    if server.mode == "strict":
        server.tls.set_alpn_protocols(["tds/8.0"])
    else:
        server.tls.maximum_version = ssl.TLSVersion.TLSv1_2  # TDS 7.4 knows no other
server.serve_forever()
