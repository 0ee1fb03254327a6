"""Calls a gRPC server in all four ways, with what can go wrong, and prints what came of each: python grpc_client.py PORT"""
import sys

import grpc

channel = grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}")
service = "/shop.v1.Catalog/"


def say(what, call):
    try:
        result = call()
        answers = [result] if isinstance(result, bytes) else list(result)
        print(what, "OK", len(answers))
    except grpc.RpcError as error:
        print(what, error.code().name)


get = channel.unary_unary(service + "Get")
listed = channel.unary_stream(service + "List")
say("Get", lambda: get(b"one", metadata=[("x-request-id", "r-1")]))
say("Get", lambda: get(b"missing"))
say("Get", lambda: get(b"slow", timeout=0.05))
say("Get", lambda: get(b"x" * 5000, compression=grpc.Compression.Gzip))
say("List", lambda: listed(b"two"))
say("Upload", lambda: channel.stream_unary(service + "Upload")(iter([b"a", b"b", b"c", b""])))
say("Chat", lambda: channel.stream_stream(service + "Chat")(iter([b"hello", b"bye"])))
say("Remove", lambda: channel.unary_unary(service + "Remove")(b""))
endless = listed(b"endless")
print("List", "cancelled", next(endless), endless.cancel())
channel.close()
