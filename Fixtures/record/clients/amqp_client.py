"""pika against RabbitMQ: python amqp_client.py SCENARIO [ARGUMENT]"""
import datetime
import decimal
import logging
import socket
import ssl

import pika

from scenario import halfway, run
from traces import REFUSED, traceparent

logging.getLogger("pika").setLevel(logging.CRITICAL)


def connect(port="5672", password="guest", tls=None):
    credentials = pika.PlainCredentials("guest", password)
    return pika.BlockingConnection(
        pika.ConnectionParameters("127.0.0.1", int(port), credentials=credentials, ssl_options=tls)
    )


def probe(port):
    connect(port).close()


def publish(port="5672"):
    connection = connect(port)
    orders, other = connection.channel(), connection.channel()
    orders.exchange_declare("shop", "topic")
    orders.queue_declare("orders", exclusive=True, arguments={"x-max-length": 100})
    orders.queue_bind("orders", "shop", "order.*")
    orders.confirm_delivery()
    for number in range(4):
        properties = pika.BasicProperties(content_type="application/json", headers={"n": number, "retry": False}, delivery_mode=2)
        orders.basic_publish("shop", "order.new", b'{"order": %d}' % number, properties)
    orders.basic_publish("shop", "order.large", b"x" * 5000)
    orders.basic_publish("shop", "order.empty", b"")
    method, _, _ = other.basic_get("orders")
    other.basic_ack(method.delivery_tag)
    for method, _, _ in other.consume("orders", inactivity_timeout=5):
        if method.routing_key == "order.empty":
            other.basic_reject(method.delivery_tag, requeue=False)
            break
        other.basic_ack(method.delivery_tag)
    other.cancel()
    connection.close()


def traces():
    """Of the traces that headers name: published with confirms and without, delivered, fetched; values of all types stand before it."""
    connection = connect()
    plain, orders = connection.channel(), connection.channel()
    orders.queue_declare("orders", exclusive=True)
    orders.confirm_delivery()

    def publish(channel, headers, body=b"{}", **properties):
        channel.basic_publish("", "orders", body, pika.BasicProperties(headers=headers, **properties))

    publish(orders, {"traceparent": traceparent(1)})
    before = {
        "a": 1, "b": True, "c": None, "d": "text", "e": [1, "x", {"y": 2}], "f": {"traceparent": traceparent(8)},
        "g": datetime.datetime(2026, 11, 30), "h": decimal.Decimal("1.5"), "i": 2**40, "j": b"\0\1", "k": -1,
    }
    publish(orders, before | {"Traceparent": traceparent(2)}, b"x" * 5000, content_type="application/json",
            content_encoding="identity", correlation_id="c", message_id="m", app_id="shop")
    publish(plain, {"traceparent": traceparent(3)})
    publish(plain, None, traceparent(8).encode(), content_type="traceparent", message_id=traceparent(8))
    for value in REFUSED:
        publish(orders, {"traceparent": value})
    publish(orders, {"traceparent": 17})
    method, _, _ = orders.basic_get("orders", auto_ack=True)
    for number, (method, _, _) in enumerate(orders.consume("orders", inactivity_timeout=5)):
        orders.basic_ack(method.delivery_tag)
        if number == 3 + len(REFUSED):
            break
    orders.cancel()
    connection.close()


def errors():
    try:
        connect(password="wrong")
    except pika.exceptions.AMQPError as problem:
        print(repr(problem))
    with socket.create_connection(("127.0.0.1", 5672)) as connection:
        connection.sendall(b"AMQP\x03\x01\x00\x00")  # AMQP 1.0 with SASL
        connection.recv(100)
    connection = connect()
    try:
        connection.channel().queue_declare("missing", passive=True)
    except pika.exceptions.ChannelClosedByBroker as problem:
        print(repr(problem))
    connection.close()


def over_tls(certificate):
    context = ssl.create_default_context(cafile=certificate)
    connection = connect("5671", tls=pika.SSLOptions(context, "shop.test"))
    connection.channel().queue_declare("orders", exclusive=True)
    connection.close()


def late():
    connection = connect()
    channel = connection.channel()
    channel.queue_declare("orders", exclusive=True)
    halfway()
    for number in range(3):
        channel.basic_publish("", "orders", b"order %d" % number)
        channel.basic_get("orders", auto_ack=True)
    connection.close()


run(globals())
