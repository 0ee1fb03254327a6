#!/usr/bin/env python3
"""Compares the events of a live capture with those of tcpdump's capture of the same traffic, and prints a line of a table.

    compare.py --head                               the table's head
    compare.py NAME LIVE.jsonl LIVE.json WIRE.jsonl

Each connection that a profiled process had must have the same events in the same order on the wire, in each of its views;
the profiler must have lost nothing. What only one of the two can know is not compared: UNKNOWABLE says what.
"""
import json
import sys
from collections import Counter, defaultdict

COLUMNS = "{:<15} {:>11} {:>6} {:>9} {:>9} {:>10} {:>10} {:>5}"
# Whose process and which side it is, names that come of that, and moments: a client, a server and a cable meet a byte at
# different times.
UNKNOWABLE = {
    "timestamp", "pid", "comm", "cmdline", "direction", "service", "peer", "connection", "exchange", "duration_ms", "total_ms",
    "source_container", "destination_container", "destination_type",
}


def connections(path):
    """The views of each TCP connection, each with its events in order, client's and server's apart."""
    views = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    with open(path) as lines:
        for line in lines:
            event = json.loads(line)
            if "connection" not in event or not event.get("source_port") or not event.get("dest_port"):
                continue
            source = (event["source_ip"], event["source_port"])
            ends = tuple(sorted([source, (event["dest_ip"], event["dest_port"])]))
            known = {key: value for key, value in event.items() if key not in UNKNOWABLE}
            if event["event_type"] == "connection":
                known = {"event_type": "connection", "protocol": event.get("protocol")}
            views[ends][event["connection"]][source].append(json.dumps(known, sort_keys=True))
    return views


def differences(live, wire):
    """- Returns: how many views were compared, events that are equal, and those that only one of the two has."""
    count, equal, only_live, only_wire = 0, 0, [], []
    for ends, views in live.items():
        there = list(wire.get(ends, {}).values()) or [{}]
        for view in views.values():
            count += 1
            # A pair of ports that is used twice has two connections: the one that is most like this.
            best = min(there, key=lambda other: sum(view[end] != other.get(end, []) for end in view))
            for end in {*view, *best}:
                here, other = view.get(end, []), best.get(end, [])
                if here == other:
                    equal += len(here)
                    continue
                more, less = Counter(here) - Counter(other), Counter(other) - Counter(here)
                equal += len(here) - more.total()
                only_live += more.elements()
                only_wire += less.elements()
                if not more and not less:
                    only_live.append(f"another order from {end[0]}:{end[1]}")
    return count, equal, only_live, only_wire


def main():
    if sys.argv[1:] == ["--head"]:
        print(COLUMNS.format("software", "connections", "views", "events", "equal", "only live", "only wire", "lost"))
        return 0
    name, live_log, live_summary, wire_log = sys.argv[1:]
    live, wire = connections(live_log), connections(wire_log)
    with open(live_summary) as file:
        summary = json.load(file)
    lost = sum(summary["lost"].values()) + sum(summary["bytes"]["gaps"].values())
    count, equal, only_live, only_wire = differences(live, wire)
    tls = summary.get("tls", {})
    if name.endswith("-tls") and (tls.get("closed") or not tls.get("decrypted")):
        only_live.append(f"TLS that was not read: {json.dumps(tls)}")
    print(COLUMNS.format(
        name, len(live), count, equal + len(only_live), equal, len(only_live), len(only_wire), lost), flush=True)
    for title, events in [("only live", only_live), ("only on the wire", only_wire)]:
        for event in events[:5]:
            print(f"    {title}: {event[:400]}")
    return 0 if equal and not (only_live or only_wire or lost) else 1


sys.exit(main())
