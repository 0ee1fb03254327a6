"""The messages of a shop in Protocol Buffers, made without a compiler: `python shop_proto.py FILE` writes their FileDescriptorSet."""
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FIELD = descriptor_pb2.FieldDescriptorProto
FILE = descriptor_pb2.FileDescriptorProto(name="shop.proto", package="shop.v1", syntax="proto3")


def message(name, *fields):
    added = FILE.message_type.add(name=name)
    for number, (field, kind, label, of) in enumerate(fields, 1):
        added.field.add(name=field, number=number, type=kind, label=label, type_name=of or None)


ONE, MANY = FIELD.LABEL_OPTIONAL, FIELD.LABEL_REPEATED
message("Price", ("units", FIELD.TYPE_INT64, ONE, ""), ("currency", FIELD.TYPE_STRING, ONE, ""))
message(
    "Product", ("sku", FIELD.TYPE_STRING, ONE, ""), ("tags", FIELD.TYPE_STRING, MANY, ""),
    ("price", FIELD.TYPE_MESSAGE, ONE, ".shop.v1.Price"), ("weight", FIELD.TYPE_DOUBLE, ONE, ""),
    ("picture", FIELD.TYPE_BYTES, ONE, ""), ("sold_out", FIELD.TYPE_BOOL, ONE, ""))
message("Query", ("sku", FIELD.TYPE_STRING, ONE, ""), ("limit", FIELD.TYPE_UINT32, ONE, ""))
service = FILE.service.add(name="Catalog")
service.method.add(name="Get", input_type=".shop.v1.Query", output_type=".shop.v1.Product")
service.method.add(name="List", input_type=".shop.v1.Query", output_type=".shop.v1.Product", server_streaming=True)

# The default one is where reflection looks.
pool = descriptor_pool.Default()
pool.Add(FILE)
Price, Product, Query = (
    message_factory.GetMessageClass(pool.FindMessageTypeByName(f"shop.v1.{name}")) for name in ("Price", "Product", "Query"))

if __name__ == "__main__":
    with open(sys.argv[1], "wb") as file:
        file.write(descriptor_pb2.FileDescriptorSet(file=[FILE]).SerializeToString())
