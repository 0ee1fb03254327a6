"""Asks RabbitMQ for all kinds of things: python amqp_operations.py"""
import pika
import pika.exceptions


def connect(host="/"):
    return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", virtual_host=host))


def declare(channel):
    channel.exchange_declare("orders", "topic")
    channel.queue_declare("mail")
    channel.queue_bind("mail", "orders", "order.*.created")
    return channel.queue_declare("", exclusive=True).method.queue


def confirmed():
    with connect() as connection:
        channel = connection.channel()
        declare(channel)
        channel.confirm_delivery()
        for number in range(3):
            channel.basic_publish("orders", f"order.{1000 + number}.created", b"secret" * 100 * number)
        try:
            channel.basic_publish("orders", "nobody", b"secret", mandatory=True)
        except pika.exceptions.UnroutableError:
            pass


def consumed():
    with connect() as connection:
        channel = connection.channel()
        temporary = declare(channel)
        channel.basic_qos(prefetch_count=10)
        channel.basic_publish("", "mail", b"")
        channel.basic_publish("", temporary, b"x" * 5000)
        seen = 0
        for method, _, _ in channel.consume("mail", inactivity_timeout=2):
            if method is None:
                break
            seen += 1
            if seen == 1:
                channel.basic_ack(method.delivery_tag)
            elif seen == 2:
                channel.basic_nack(method.delivery_tag, requeue=False)
            elif seen == 3:
                channel.basic_reject(method.delivery_tag, requeue=False)
            elif seen == 4:
                channel.basic_ack(method.delivery_tag, multiple=True)
                break
        channel.cancel()
        method, _, _ = channel.basic_get(temporary)
        channel.basic_ack(method.delivery_tag)
        channel.basic_get(temporary)
        channel.queue_purge("mail")
        channel.tx_select()
        channel.basic_publish("", "mail", b"in a transaction")
        channel.tx_commit()


def several():
    """Two channels, and a consumer whose messages nobody acknowledges."""
    with connect() as connection:
        first, second = connection.channel(), connection.channel()
        first.basic_publish("orders", "order.7.created", b"x" * 200000)
        second.queue_delete("mail")
        queue = first.queue_declare("log").method.queue
        first.basic_consume(queue, lambda *_: first.stop_consuming(), auto_ack=True)
        second.basic_publish("", "log", b"line")
        first.start_consuming()
        second.exchange_delete("orders")
        second.queue_delete("log")


def failures():
    for action in (
        lambda channel: channel.queue_declare("missing", passive=True),
        lambda channel: channel.basic_consume("missing", print),
        lambda channel: channel.exchange_declare("amq.reserved", "topic"),
        lambda channel: (channel.basic_publish("missing", "key", b"x"), channel.queue_declare("after")),
    ):
        with connect() as connection:
            try:
                action(connection.channel())
            except pika.exceptions.AMQPError:
                pass
    for host in ("missing",):
        try:
            connect(host)
        except pika.exceptions.AMQPError:
            pass


confirmed()
consumed()
several()
failures()
