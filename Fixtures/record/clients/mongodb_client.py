"""pymongo against the minimal peer: python mongodb_client.py SCENARIO [PORT]"""
import pymongo

from scenario import halfway, run


def connect(port="27017", **options):
    return pymongo.MongoClient("127.0.0.1", int(port), directConnection=True, serverSelectionTimeoutMS=10000, **options)


def crud(port="27017"):
    with connect(port) as client:
        items = client.shop.items
        items.insert_one({"name": "teapot", "price": 19.5})
        items.insert_many([{"name": f"item {number}", "tags": ["a", "b"]} for number in range(5)])
        list(items.find({"price": {"$gt": 2}}, batch_size=5))
        list(items.aggregate([{"$group": {"_id": None, "n": {"$sum": 1}}}]))
        items.update_one({"name": "teapot"}, {"$set": {"price": 20}})
        items.delete_one({"name": "teapot"})
        try:
            client.admin.command("noSuchCommand")
        except pymongo.errors.OperationFailure:
            pass


def compressed():
    with connect(compressors="zlib") as client:
        client.shop.items.insert_many([{"name": f"item {number}", "text": "well compressed " * 20} for number in range(5)])
        list(client.shop.items.find({}, batch_size=5))


def unacknowledged():
    with connect(w=0) as client:
        for number in range(3):
            client.shop.items.insert_one({"n": number})
    # The last write has no answer to wait for; closing the client sends it before the FIN.


def late(port="27017"):
    with connect(port) as client:
        client.admin.command("ping")
        halfway()
        client.shop.items.insert_one({"name": "teapot"})
        list(client.shop.items.find({}, batch_size=5))
        client.shop.items.delete_one({"name": "teapot"})


run(globals())
