#!/usr/bin/env python3
"""Writes what nginx serves: site.py ROOT. 200 JSON files of 0.2 to 2 KB and 4 of 100 KB, the same on every machine."""

import json
import random
import sys
from pathlib import Path

SMALL, BIG = 200, 4


def record(rng):
    number = rng.randrange(10**6)
    return {
        "id": number,
        "name": f"user {number}",
        "email": f"u{number}@example.test",
        "tags": rng.sample(["a", "bb", "ccc", "dddd", "eeeee"], 3),
        "score": rng.random(),
    }


def document(rng, at_least, wrap):
    records = []
    while len(text := json.dumps(wrap(records))) < at_least:
        records.append(record(rng))
    return text


def main():
    static = Path(sys.argv[1]) / "static"
    static.mkdir(parents=True, exist_ok=True)
    rng = random.Random(7)
    for i in range(1, SMALL + 1):
        text = document(rng, rng.randint(200, 2000), lambda records: {"items": records})
        (static / f"u{i}.json").write_text(text)
    for size in (200, 4000):
        text = document(rng, size - 160, lambda records: {"items": records})
        (static / f"h2-{size}.json").write_text(text[:-1] + " " * (size - len(text)) + "}")
    for i in range(1, BIG + 1):
        (static / f"big{i}.json").write_text(document(rng, 100_000, lambda records: records))


main()
