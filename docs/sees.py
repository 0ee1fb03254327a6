#!/usr/bin/env python3
"""Makes the table of docs/sees.md from what `replay` says of the fixtures: which protocols, and how deep each is read.

    docs/sees.py REPLAY            writes it
    docs/sees.py REPLAY --check    says whether it is what it would write
"""
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = REPOSITORY / "docs/sees.md"
BEGIN, END = "<!-- made by docs/sees.py -->", "<!-- end -->"
# How deep, from what the log has of it; the deepest first.
DEPTHS = [
    ("http", "each message: method, path, status, header fields, body, times"),
    ("websocket", "each message"),
    ("sse", "each event"),
    ("operation", "each operation: statement or command without values, what it is on, rows, errors, times"),
    ("connection", "recognised: who talks to whom, since when, how many bytes"),
]
CATEGORIES = {"tls": "named: server name, ALPN, version", "unknown": "told of, with what was looked at"}
NAMES = {"http/1.1": "HTTP/0.9, 1.0, 1.1", "http/2": "HTTP/2", "grpc": "gRPC", "tls": "TLS", "postgres": "PostgreSQL",
         "mysql": "MySQL, MariaDB", "mssql": "SQL Server (TDS)", "redis": "Redis", "memcached": "memcached",
         "mongodb": "MongoDB", "kafka": "Kafka", "amqp": "AMQP (RabbitMQ)", "nats": "NATS", "unknown": "anything else"}


def events(replay: str, fixture: Path):
    inputs = sorted(str(path) for path in fixture.glob("input*"))
    said = subprocess.run([replay, *inputs, "--quiet", "--output", "-"], capture_output=True, text=True, cwd=REPOSITORY)
    if said.returncode > 1:
        sys.exit(f"{fixture}: {said.stderr}")
    return map(json.loads, said.stdout.splitlines())


def table(replay: str) -> str:
    told = defaultdict(lambda: defaultdict(set))
    categories = {}
    for folder in sorted({path.parent for path in (REPOSITORY / "Fixtures").glob("*/*/input*")}):
        for event in events(replay, folder):
            protocol = event.get("protocol", "http/1.1")
            told[protocol][event["event_type"]].add(folder)
            categories.setdefault(protocol, event.get("category", "http"))
    rows = []
    for protocol, kinds in told.items():
        depth = next(i for i, (kind, _) in enumerate(DEPTHS) if kind in kinds)
        words = DEPTHS[depth][1]
        if DEPTHS[depth][0] == "connection":
            words = CATEGORIES.get(protocol, words)
        fixtures = len(set.union(*kinds.values()))
        last = protocol in ("tls", "unknown")
        rows.append((last, depth, NAMES.get(protocol, protocol).lower(), NAMES.get(protocol, protocol), words, fixtures))
    lines = ["| protocol | what is told | captures it was tried on |", "| --- | --- | ---: |"]
    lines += [f"| {name} | {words} | {count} |" for _, _, _, name, words, count in sorted(rows)]
    return "\n".join(lines)


def main() -> None:
    page = PAGE.read_text()
    before, rest = page.split(BEGIN + "\n")
    _, after = rest.split(END)
    made = f"{before}{BEGIN}\n{table(sys.argv[1])}\n{END}{after}"
    if "--check" in sys.argv:
        if page != made:
            sys.exit("docs/sees.md is not what replay says of the fixtures: make update-goldens")
    else:
        PAGE.write_text(made)


main()
