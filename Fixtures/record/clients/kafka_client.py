"""Kafka clients: python kafka_client.py SCENARIO [PORT]"""
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from scenario import halfway, run


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
