"""A gRPC server with a schema, health checks and reflection: python grpc_shop.py PORT"""
import sys
from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from shop_proto import Price, Product, Query


def product(number):
    return Product(
        sku=f"a-{number}", tags=["new and " * 20 + "blue", "rather " * 20 + "green"], price=Price(units=1999 + number, currency="EUR"), weight=0.5,
        picture=b"\xff\xd8\xff\xe0", sold_out=number == 2)


def get(request, context):
    return product(1)


def listed(request, context):
    for number in range(request.limit):
        yield product(number)


server = grpc.server(futures.ThreadPoolExecutor(4), compression=grpc.Compression.Gzip if "--gzip" in sys.argv else None)
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("shop.v1.Catalog", {
    "Get": grpc.unary_unary_rpc_method_handler(get, Query.FromString, Product.SerializeToString),
    "List": grpc.unary_stream_rpc_method_handler(listed, Query.FromString, Product.SerializeToString),
})])
checks = health.HealthServicer()
checks.set("", health_pb2.HealthCheckResponse.SERVING)
health_pb2_grpc.add_HealthServicer_to_server(checks, server)
reflection.enable_server_reflection(["shop.v1.Catalog", reflection.SERVICE_NAME], server)
server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
server.start()
server.wait_for_termination()
