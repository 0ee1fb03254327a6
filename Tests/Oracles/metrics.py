"""Holds what `replay export metrics` writes against the service maps of the same tapes, by prometheus_client's parsers.

    metrics.py (TOTALS INTERVALS TEXT MAP)…

TOTALS: OpenMetrics with a point a series; INTERVALS: with several; TEXT: Prometheus' own form. Prints what is wrong, and at the end how many
requests, failures, series and histograms were compared.
"""
import re
import sys
from collections import Counter

import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text_form

counted = Counter()


def samples(path, parse):
    with open(path, newline="") as file:
        return [s for family in parse(file.read()) for s in family.samples]


def key(sample):
    return sample.name, tuple(sorted(sample.labels.items()))


def of_map(path):
    """Requests and failures of each edge, answers by status of each endpoint, connections, failed connects."""
    counts, failed, answers, connections, failures = Counter(), Counter(), Counter(), Counter(), Counter()
    with open(path) as file:
        services = (yaml.safe_load(file) or {}).get("services") or []
    for service in services:
        for endpoint in service.get("endpoints") or []:
            edge = service["name"], endpoint["destination"]
            counts[edge] += endpoint["count"]
            failed[edge] += endpoint["errors"] + endpoint.get("unanswered", 0)
            for status, count in (endpoint.get("status") or {}).items():
                answers[edge + (str(status),)] += count
        for connection in service.get("connections") or []:
            edge = service["name"], connection["destination"]
            connections[edge + (connection["protocol"],)] += connection["count"]
            failures[edge] += connection.get("failures", 0)
            for operation in connection.get("operations") or []:
                counts[edge] += operation["count"]
                failed[edge] += operation.get("errors", 0)
    return counts, failed, answers, connections, failures


def add(table, name, labels, found):
    for sample in found:
        if sample.name == name:
            table[tuple(next((sample.labels[n] for n in names if n in sample.labels), "") for names in labels)] += sample.value


def compare(what, own, other):
    own, other = +own, +other
    if own != other:
        print(f"{what}: {sorted(((own - other) + (other - own)).items())[:5]}")


def check(totals_path, intervals_path, text_path, map_path):
    where = totals_path.rsplit("/", 1)[-1]
    totals = samples(totals_path, openmetrics)
    counts, failed, answers, connections, failures = of_map(map_path)
    edge, status = (("client",), ("server",)), ("http_response_status_code", "rpc_status_code", "tapedeck_status")
    peer = (("service_name",), ("service_peer_name",))
    for name, labels, expected in [
        ("traces_service_graph_request_total", edge, counts), ("traces_service_graph_request_failed_total", edge, failed),
        ("tapedeck_requests_total", peer, counts), ("tapedeck_request_failures_total", peer, failed),
        ("tapedeck_responses_total", peer + (status,), answers),
        ("tapedeck_connections_total", peer + (("network_protocol_name",),), connections),
        ("tapedeck_connect_failures_total", peer, failures),
    ]:
        found = Counter()
        add(found, name, labels, totals)
        compare(f"{where}: {name}", found, expected)
    counted["requests"] += sum(counts.values())
    counted["failures"] += sum(failed.values())
    counted["series"] += len(totals)
    counted["histograms"] += sum(s.name.endswith("_duration_seconds_count") for s in totals)
    # The other form says the same.
    same = {key(s): s.value for s in totals if not s.name.startswith("tapedeck_tape")}
    if same != {key(s): s.value for s in samples(text_path, text_form) if not s.name.startswith("tapedeck_tape")}:
        print(f"{where}: the text form says something else")
    # Of several points the last is the total, and none is less than the one before.
    last = {}
    with open(intervals_path, newline="\n") as file:
        for line in file.read().split("\n"):
            if line.startswith("#") or not line:
                continue
            series, value, time = re.fullmatch(r"(.*) (\S+) (\d+\.\d{3})", line).groups()
            value, time = float(value), float(time)
            if series in last and not (last[series][0] <= value and last[series][1] < time):
                print(f"{where}: {series} goes back at {time}")
            last[series] = value, time
    lines = [l for l in open(totals_path, newline="\n").read().split("\n") if l and not l.startswith("#")]
    for line in lines:
        series, value, _ = line.rsplit(" ", 2)
        if last.get(series, (None,))[0] != float(value):
            print(f"{where}: the last point of {series} is {last.get(series)}, and {value} is the total")


paths = sys.argv[1:]
for place in range(0, len(paths), 4):
    try:
        check(*paths[place : place + 4])
    except Exception as error:
        print(f"{paths[place]}: {type(error).__name__}: {error}")
print(*(counted[k] for k in ("requests", "failures", "series", "histograms")))
