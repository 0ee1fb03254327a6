"""pika against RabbitMQ: python amqp_client.py SCENARIO [ARGUMENT]"""
import logging
import socket
import ssl

import pika

from scenario import halfway, run

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
