"""A gRPC server whose messages are any bytes, with a method of each kind: python grpc_server.py PORT"""
import sys
import time
from concurrent import futures

import grpc


def get(request, context):
    if request == b"missing":
        context.abort(grpc.StatusCode.NOT_FOUND, "there is no such thing as 100% of it")
    if request == b"slow":
        time.sleep(0.3)
    return b"got " + request


def listed(request, context):
    for number in range(3):
        yield b"%d of " % number + request
    if request == b"endless":
        while context.is_active():
            time.sleep(0.01)
            yield b"more"


def upload(requests, context):
    return b"%d messages" % sum(1 for _ in requests)


def chat(requests, context):
    for request in requests:
        yield b"you said " + request


kinds = {
    "Get": grpc.unary_unary_rpc_method_handler(get),
    "List": grpc.unary_stream_rpc_method_handler(listed),
    "Upload": grpc.stream_unary_rpc_method_handler(upload),
    "Chat": grpc.stream_stream_rpc_method_handler(chat),
}
server = grpc.server(futures.ThreadPoolExecutor(8))
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("shop.v1.Catalog", kinds)])
server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
server.start()
server.wait_for_termination()
