#!/usr/bin/env python3
"""Makes the tables of docs/sees.md and README.md from what `replay` says of the fixtures: which protocols, and how deep.

    docs/sees.py REPLAY            writes them
    docs/sees.py REPLAY --check    says whether they are what it would write
"""
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- made by docs/sees.py -->", "<!-- end -->"
# How deep, from what the log has of it, the deepest first: the kinds of event, in short, and what is told.
DEPTHS = [
    (("http", "websocket", "sse"), "each message", "method, path, status, header fields, body, times"),
    (("operation",), "each operation", "statement or command without values, what it is on, rows, errors, times"),
    (("connection",), "who talks to whom", "since when, how often, how many bytes"),
]
OTHERS = {"tls": "who talks to whom: server name, ALPN, version", "unknown": "who talks to whom, and what was looked at"}
NAMES = {"http/1.1": "HTTP/1 (0.9 to 1.1)", "http/2": "HTTP/2", "grpc": "gRPC", "tls": "TLS", "postgres": "PostgreSQL",
         "mysql": "MySQL and MariaDB", "mssql": "SQL Server (TDS)", "redis": "Redis", "memcached": "memcached",
         "mongodb": "MongoDB", "kafka": "Kafka", "amqp": "AMQP (RabbitMQ)", "nats": "NATS", "dns": "DNS", "websocket": "WebSocket", "sse": "server-sent events",
         "unknown": "anything else"}


def events(replay: str, fixture: Path):
    inputs = sorted(str(path) for path in fixture.glob("input*"))
    said = subprocess.run([replay, *inputs, "--quiet", "--output", "-"], capture_output=True, text=True, cwd=REPOSITORY)
    if said.returncode > 1:
        sys.exit(f"{fixture}: {said.stderr}")
    return map(json.loads, said.stdout.splitlines())


def tables(replay: str) -> dict[str, str]:
    """The tables, by their pages."""
    told = defaultdict(set)
    for folder in sorted({path.parent for path in (REPOSITORY / "Fixtures").glob("*/*/input*")}):
        for event in events(replay, folder):
            kind = event["event_type"]
            name = kind if kind in ("websocket", "sse") else event.get("protocol", "http/1.1")
            told[name].add(kind)
    rows, short = [], defaultdict(list)
    for protocol, kinds in told.items():
        depth = next((i for i, (known, _, _) in enumerate(DEPTHS) if not kinds.isdisjoint(known)), None)
        if depth is None:
            sys.exit(f"docs/sees.py: say in DEPTHS how deep {', '.join(kinds)} is")
        name = NAMES.get(protocol, protocol)
        words = OTHERS.get(protocol, f"{DEPTHS[depth][1]}: {DEPTHS[depth][2]}")
        rows.append((protocol in OTHERS, depth, name.lower(), name, words))
        if protocol not in OTHERS:
            short[depth].append(name)
    long = ["| protocol | what is told |", "| --- | --- |"]
    long += [f"| {name} | {words} |" for _, _, _, name, words in sorted(rows)]
    brief = ["| told of | |", "| --- | --- |"]
    for depth, (_, title, words) in enumerate(DEPTHS):
        names = ", ".join(sorted(short[depth], key=str.lower))
        if depth == len(DEPTHS) - 1:
            names = "; ".join([*filter(None, [names]), "TLS, with its server name", "anything else, with its address"])
        brief.append(f"| **{title}**: {words} | {names} |")
    return {"docs/sees.md": "\n".join(long), "README.md": "\n".join(brief)}


def main() -> None:
    for name, table in tables(sys.argv[1]).items():
        path = REPOSITORY / name
        page = path.read_text()
        before, rest = page.split(BEGIN + "\n")
        _, after = rest.split(END)
        made = f"{before}{BEGIN}\n{table}\n{END}{after}"
        if "--check" not in sys.argv:
            path.write_text(made)
        elif page != made:
            sys.exit(f"{name} is not what replay says of the fixtures: make update-goldens")


main()
