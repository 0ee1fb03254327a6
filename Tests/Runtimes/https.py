"""Connections over TLS that are all open at once, with requests on them in turn. Each request names its connection by its port,
and so does the answer.

https.py server PORT CERTIFICATE KEY [PADDING]   answers have so many bytes more, and the server's sockets take 4 kB at a time
https.py client PORT CONNECTIONS REQUESTS KEY-LOG
"""
import asyncio
import socket
import ssl
import sys


async def answer(reader, writer, padding):
    peer = writer.get_extra_info("peername")[1]
    while head := await reader.readuntil(b"\r\n\r\n"):
        body = b'{"port":%d,"path":"%s","padding":"%s"}' % (peer, head.split(b" ")[1], b"x" * padding)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()


async def serve(port, certificate, key, padding="0"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", port))
    # Who connects inherits it.
    if int(padding):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    server = await asyncio.start_server(lambda *streams: answer(*streams, int(padding)), sock=listener, ssl=context)
    await server.serve_forever()


def ask(port, connections, requests, key_log):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.keylog_filename = key_log
    open_ones = []
    for index in range(connections):
        # Both versions.
        context.maximum_version = ssl.TLSVersion.TLSv1_2 if index % 2 else ssl.TLSVersion.TLSv1_3
        open_ones.append(context.wrap_socket(socket.create_connection(("127.0.0.1", port))))
    for number in range(requests):
        for connection in open_ones:
            own = connection.getsockname()[1]
            connection.sendall(b"GET /port-%d/%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % (own, number))
        for connection in open_ones:
            answer = b""
            while b"}" not in answer:
                more = connection.recv(65536)
                assert more, answer
                answer += more
            assert b"%d" % connection.getsockname()[1] in answer, answer
    for connection in open_ones:
        connection.close()


if sys.argv[1] == "server":
    try:
        asyncio.run(serve(int(sys.argv[2]), *sys.argv[3:]))
    except KeyboardInterrupt:
        pass
else:
    ask(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
