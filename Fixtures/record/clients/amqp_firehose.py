"""What RabbitMQ says that goes through it: python amqp_firehose.py PORT FILE

The broker publishes each message that it takes and each that it gives out once more, on an exchange for who wants to trace
(`rabbitmqctl trace_on`; RabbitMQ's documentation, "Firehose Tracer"). FILE gets a line for each, when it is whole.
"""
import json
import sys

import pika


def heard(_channel, method, properties, body):
    kind, _, rest = method.routing_key.partition(".")
    said = properties.headers
    line = {"kind": kind, "connection": said["connection"], "channel": said["channel"], "exchange": said["exchange_name"], "key": said["routing_keys"][0], "bytes": len(body)}
    if kind == "publish":
        line["queues"] = said["routed_queues"]
    else:
        line["queue"] = rest
    print(json.dumps(line), file=output, flush=True)


output = open(sys.argv[2], "w")
connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", int(sys.argv[1])))
channel = connection.channel()
queue = channel.queue_declare("", exclusive=True).method.queue
for kind in ("publish", "deliver"):
    channel.queue_bind(queue, "amq.rabbitmq.trace", f"{kind}.#")
channel.basic_consume(queue, heard, auto_ack=True)
print("listening", file=sys.stderr, flush=True)
channel.start_consuming()
