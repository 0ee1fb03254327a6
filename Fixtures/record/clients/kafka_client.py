"""Kafka clients: python kafka_client.py SCENARIO [PORT]"""
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from scenario import halfway, run
from traces import OTHER, REFUSED, traceparent


def address(port):
    return f"127.0.0.1:{port}"


def create_topic(port="9092"):
    admin = KafkaAdminClient(bootstrap_servers=address(port))
    admin.create_topics([NewTopic("orders", num_partitions=1, replication_factor=1)])
    admin.close()


def kafka_python(port="9092"):
    create_topic(port)
    producer = KafkaProducer(bootstrap_servers=address(port), client_id="shop")
    for number in range(5):
        producer.send("orders", b"order %d" % number, key=b"anna", headers=[("trace", b"abc")]).get(timeout=20)
    producer.close()
    consumer = KafkaConsumer(bootstrap_servers=address(port), consumer_timeout_ms=20000, fetch_max_wait_ms=200)
    consumer.assign([TopicPartition("orders", 0)])
    consumer.seek_to_beginning()
    for _ in range(5):
        next(consumer)
    consumer.close()


def traces(port="9092"):
    """Of the traces that records name: one by one, several of one trace and of two, large, pressed, without a key or value."""
    from confluent_kafka import Producer

    create_topic(port)

    def send(*messages, **settings):
        # As one batch.
        producer = Producer({"bootstrap.servers": address(port), "client.id": "shop", "linger.ms": 300, **settings})
        for value, headers in messages:
            producer.produce("orders", value, key=None if value is None else b"anna", headers=headers)
        assert producer.flush(20) == 0

    def named(span, *trace):
        return [("traceparent", traceparent(span, *trace).encode())]

    producer = KafkaProducer(bootstrap_servers=address(port), client_id="shop")
    producer.send("orders", b"first", key=b"anna", headers=[("x", b"abc"), ("empty", b"")] + named(1)).get(timeout=20)
    producer.close()
    send((b"x" * 20000, named(2)))
    send((b"a", named(3)), (b"b", None), (b"c", named(4)))
    send((b"a", named(8)), (b"b", named(8, OTHER)))
    send((b"pressed " * 20, named(8)), **{"compression.type": "gzip"})
    send((None, [("filler", b"y" * 3000), ("Traceparent", traceparent(5).encode())]))
    send(*((b"", [("traceparent", value.encode())]) for value in REFUSED))
    send((b"traceparent" + traceparent(8).encode(), [("traceparen", b"t" + traceparent(8).encode()), ("traceparent", None)]))
    consumer = KafkaConsumer(bootstrap_servers=address(port), consumer_timeout_ms=20000, fetch_max_wait_ms=200, fetch_max_bytes=1000)
    consumer.assign([TopicPartition("orders", 0)])
    consumer.seek_to_beginning()
    for _ in range(1):
        next(consumer)
    consumer.close()


def librdkafka(port="9092"):
    from confluent_kafka import Consumer, Producer
    from confluent_kafka.admin import AdminClient, NewTopic as Topic

    admin = AdminClient({"bootstrap.servers": address(port)})
    admin.create_topics([Topic("orders", 1, 1)])["orders"].result(20)
    producer = Producer({"bootstrap.servers": address(port), "client.id": "shop"})
    for number in range(5):
        producer.produce("orders", b"order %d" % number, key=b"anna")
    assert producer.flush(20) == 0
    consumer = Consumer({
        "bootstrap.servers": address(port), "group.id": "billing", "auto.offset.reset": "earliest",
        "fetch.wait.max.ms": 200, "session.timeout.ms": 6000,
    })
    consumer.subscribe(["orders"])
    received = [consumer.poll(20) for _ in range(5)]
    consumer.close()
    if None in received:
        sys.exit("not every message came back")


def compressed(port="9092"):
    from confluent_kafka import Producer

    for codec in ("gzip", "snappy", "lz4", "zstd"):
        producer = Producer({"bootstrap.servers": address(port), "compression.type": codec, "linger.ms": 100})
        for number in range(20):
            producer.produce("orders", b"an order that compresses well, number %d" % number)
        assert producer.flush(20) == 0


def late(port="9092"):
    create_topic(port)
    producer = KafkaProducer(bootstrap_servers=address(port), client_id="shop")
    producer.send("orders", b"before the capture").get(timeout=20)
    halfway()
    for number in range(4):
        producer.send("orders", b"order %d" % number).get(timeout=20)
    producer.close()


run(globals())
