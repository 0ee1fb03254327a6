"""Holds what `replay export otlp` writes against OpenTelemetry's own messages (opentelemetry-proto), against the service maps of the same tapes, and
sends it to two collectors: rotel, which takes JSON, and oteltap, which takes protobuf.

    otlp.py PORT PORT PORT (FILE MAP)…

Prints what is wrong, and at the end how many spans, data points and log records there were, and spans that rotel and oteltap took.
"""
import base64
import gzip
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter

import rotel
import yaml
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SIGNALS = {
    "resourceSpans": ("traces", ExportTraceServiceRequest), "resourceMetrics": ("metrics", ExportMetricsServiceRequest),
    "resourceLogs": ("logs", ExportLogsServiceRequest),
}
counted = Counter()


def parsed(line):
    """A line as its signal, and as the message that it is; protobuf's JSON has ids in Base64, OTLP's in hexadecimal digits."""
    request = json.loads(line)
    (signal, message), = (SIGNALS[key] for key in request)

    def convert(node):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if key in ("traceId", "spanId", "parentSpanId"):
                assert len(value) == (32 if key == "traceId" else 16) and int(value, 16), (key, value)
                node[key] = base64.b64encode(bytes.fromhex(value)).decode()
            elif isinstance(value, (dict, list)):
                convert(value)

    convert(request)
    return signal, json_format.ParseDict(request, message())


def attributes(node):
    return {a.key: a.value.string_value or a.value.int_value for a in node.attributes}


def check_spans(where, message, edges, errors):
    spans = [(attributes(r.resource)["service.name"], s) for r in message.resource_spans for g in r.scope_spans for s in g.spans]
    known = {(s.trace_id, s.span_id): (name, s) for name, s in spans}
    if len(known) != len(spans):
        print(f"{where}: {len(spans) - len(known)} spans have the ids of others")
    for name, span in spans:
        counted["spans"] += 1
        if span.start_time_unix_nano > span.end_time_unix_nano or not span.name:
            print(f"{where}: {span}")
        known_as = attributes(span)
        if span.kind == span.SPAN_KIND_SERVER:
            parent = known.get((span.trace_id, span.parent_span_id))
            if parent:
                counted["children"] += 1
            if parent and not (parent[1].kind == span.SPAN_KIND_CLIENT and parent[1].start_time_unix_nano <= span.start_time_unix_nano):
                print(f"{where}: {span.name} has a parent that is not its client's")
            if parent:
                continue
        edge = (known_as["service.peer.name"] if span.kind == span.SPAN_KIND_SERVER else name), known_as["service.peer.name"]
        if span.kind != span.SPAN_KIND_SERVER:
            edges[edge] += 1
            errors[edge] += span.status.code == span.status.STATUS_CODE_ERROR


def check_metrics(where, message):
    for resource in message.resource_metrics:
        for metric in (m for g in resource.scope_metrics for m in g.metrics):
            kind = metric.WhichOneof("data")
            for point in getattr(metric, kind).data_points:
                counted["points"] += 1
                if kind != "gauge" and not 0 < point.start_time_unix_nano < point.time_unix_nano:
                    print(f"{where}: {metric.name}: from {point.start_time_unix_nano} to {point.time_unix_nano}")
                if kind == "histogram" and (
                    sum(point.bucket_counts) != point.count or len(point.bucket_counts) != len(point.explicit_bounds) + 1
                ):
                    print(f"{where}: {metric.name}: {point}")
                if kind == "exponential_histogram":
                    counts = point.positive.bucket_counts
                    base, offset = 2 ** 2**-point.scale, point.positive.offset
                    held = sum(counts) + point.zero_count == point.count
                    # All lie in the buckets that are there, and the sum between what these allow.
                    within = not counts or (
                        base**offset * 0.999999 <= max(point.min, base**offset) and point.max <= base ** (offset + len(counts)) * 1.000001
                        and counts[0] and counts[-1]
                    )
                    least = sum(c * base ** (offset + i) for i, c in enumerate(counts))
                    if not (held and within and least * 0.999999 <= point.sum <= least * base * 1.000001):
                        print(f"{where}: {metric.name}: {point}")


def check(path, map_path):
    edges, errors, wanted, failed = Counter(), Counter(), Counter(), Counter()
    where = path.rsplit("/", 1)[-1]
    messages = [parsed(line) for line in open(path, newline="\n")]
    for signal, message in messages:
        if signal == "traces":
            check_spans(where, message, edges, errors)
        elif signal == "metrics":
            check_metrics(where, message)
        else:
            counted["records"] += sum(len(g.log_records) for r in message.resource_logs for g in r.scope_logs)
    with open(map_path) as file:
        services = (yaml.safe_load(file) or {}).get("services") or []
    for service in services:
        for endpoint in service.get("endpoints") or []:
            # What is said within a WebSocket or an event stream is no exchange.
            if endpoint["method"] in ("WS", "SSE") or endpoint["protocol"] == "websocket" or endpoint.get("waiting"):
                continue
            edge = service["name"], endpoint["destination"]
            wanted[edge] += endpoint["count"]
            failed[edge] += endpoint["errors"] + endpoint.get("unanswered", 0)
        for connection in service.get("connections") or []:
            for operation in connection.get("operations") or []:
                wanted[service["name"], connection["destination"]] += operation["count"]
                failed[service["name"], connection["destination"]] += operation.get("errors", 0)
    for edge, count in wanted.items():
        # Unanswered operations are failures of theirs, which the map does not count as errors.
        if edges[edge] < count or errors[edge] < failed[edge]:
            print(f"{where}: {edge}: {edges[edge]} spans, {errors[edge]} with errors; the map has {count}, {failed[edge]}")
    return messages


def post(port, signal, body, kind, coding=None):
    headers = {"Content-Type": kind} | ({"Content-Encoding": coding} if coding else {})
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/{signal}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def started(arguments, port, output):
    program = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    for _ in range(200):
        try:
            post(port, "traces", b"{}", "application/json")
            return program
        except OSError:
            if program.poll() is not None:
                break
            time.sleep(0.05)
    print(f"{arguments[0]} does not answer")
    return program


def collectors(ports, path, messages):
    agent = os.path.join(os.path.dirname(rotel.__file__), "rotel-agent")
    with open(path + ".rotel", "w+") as output, open(path + ".oteltap", "w+") as tap:
        programs = [
            started([agent, "start", "--otlp-http-endpoint", f"127.0.0.1:{ports[0]}", "--otlp-grpc-endpoint",
                     f"127.0.0.1:{ports[1]}", "--exporter", "blackhole", "--debug-log", "traces", "--debug-log",
                     "metrics", "--debug-log", "logs", "--debug-log-verbosity", "detailed"], ports[0], output),
            started([sys.executable, "-m", "oteltap", "--port", str(ports[2])], ports[2], tap),
        ]
        try:
            for place, line in enumerate(open(path, "rb")):
                signal, message = messages[place]
                coded = place % 2 == 1
                status = post(ports[0], signal, gzip.compress(line) if coded else line, "application/json", "gzip" if coded else None)
                if status != 200:
                    print(f"rotel answers {status} to {signal}")
                status = post(ports[2], signal, message.SerializeToString(), "application/x-protobuf")
                if status != 200:
                    print(f"oteltap answers {status} to {signal}")
            # What is no request is refused: the answers above say something.
            if post(ports[0], "traces", b'{"resourceSpans": 7}', "application/json") != 400:
                print("rotel takes what is no request")
            spans = [s for _, m in messages if isinstance(m, ExportTraceServiceRequest) for r in m.resource_spans for g in r.scope_spans for s in g.spans]
            for _ in range(100):
                taken = open(path + ".rotel").read().count("\nSpan #"), open(path + ".oteltap").read()
                if taken[0] >= len(spans) and all(s.name in taken[1] for s in spans):
                    break
                time.sleep(0.1)
            if taken[0] < len(spans):
                print(f"rotel shows {taken[0]} spans of {len(spans)}: {open(path + '.rotel').read()[:500]}")
            missing = {s.name for s in spans if s.name not in taken[1]}
            if missing:
                print(f"oteltap does not show {sorted(missing)[:3]}")
            counted["taken"] += len(spans)
        finally:
            for program in programs:
                program.terminate()
                program.wait()


ports, paths = sys.argv[1:4], sys.argv[4:]
for place in range(0, len(paths), 2):
    try:
        messages = check(paths[place], paths[place + 1])
    except Exception as error:
        print(f"{paths[place]}: {type(error).__name__}: {error}")
        messages = []
    if place == 0 and messages:
        collectors(ports, paths[place], messages)
print(*(counted[k] for k in ("spans", "children", "points", "records", "taken")))
