"""gRPC over TLS by the library of PyPI, which has its own BoringSSL within it. Channels that are all open at once, with calls on them
in turn; each call but a channel's first names its connection by the client's port, and each answer does.

grpc_tls.py server PORT CERTIFICATE KEY   until its input ends
grpc_tls.py client PORT CERTIFICATE CHANNELS CALLS
"""
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc


def read(path):
    with open(path, "rb") as file:
        return file.read()


def answer(request, context):
    # ipv4:127.0.0.1:54321
    port = context.peer().rsplit(":", 1)[1]
    context.set_trailing_metadata((("peer-port", port),))
    return request


def serve(port, certificate, key):
    server = grpc.server(ThreadPoolExecutor(4))
    method = grpc.unary_unary_rpc_method_handler(answer)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("ports.Ports", {"Name": method}),))
    credentials = grpc.ssl_server_credentials([(read(key), read(certificate))])
    server.add_secure_port(f"127.0.0.1:{port}", credentials)
    server.start()
    print("listening", flush=True)
    sys.stdin.read()
    server.stop(0).wait()


def ask(port, certificate, channels, calls):
    credentials = grpc.ssl_channel_credentials(read(certificate))
    # Else channels to one server share a connection.
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.ssl_target_name_override", "localhost")]
    opened = [grpc.secure_channel(f"127.0.0.1:{port}", credentials, options) for _ in range(channels)]
    own = [None] * channels
    for _ in range(calls):
        for number, channel in enumerate(opened):
            metadata = [("own-port", own[number])] if own[number] else []
            _, call = channel.unary_unary("/ports.Ports/Name").with_call(b"", metadata=metadata)
            name = dict(call.trailing_metadata())["peer-port"]
            assert own[number] in (None, name), (own[number], name)
            own[number] = name
    for channel in opened:
        channel.close()


if sys.argv[1] == "server":
    serve(int(sys.argv[2]), *sys.argv[3:])
else:
    ask(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
