"""Asks the shop, its health and its reflection: python grpc_shop_client.py PORT"""
import sys
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

sys.path.insert(0, str(Path(__file__).parent.parent / "peers"))
from shop_proto import Product, Query  # noqa: E402

with grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}") as channel:
    print(health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5))
    asked = [reflection_pb2.ServerReflectionRequest(list_services="")]
    print(list(reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter(asked))))
    get = channel.unary_unary("/shop.v1.Catalog/Get", Query.SerializeToString, Product.FromString)
    listed = channel.unary_stream("/shop.v1.Catalog/List", Query.SerializeToString, Product.FromString)
    print(get(Query(sku="a-1"), timeout=5))
    print(get(Query(sku="a-1"), timeout=5, compression=grpc.Compression.Gzip))
    print(list(listed(Query(limit=3), timeout=5)))
