#!/usr/bin/env python3
"""How well path templates are found: the paths of public interfaces, asked for with made-up identifiers.

    python3 -m pip install botocore
    Benchmarks/paths.py [--requests 30] [--seed 1] [--missing 0.0] [--worst N]

The interfaces are the REST services of botocore, whose models have each operation's path and the shape of its answer. A
service is a host; each operation is asked for as often as --requests says. What stands in a path's parameter is an
identifier of one of six kinds, the same kind wherever the parameter has the name, or a name of words where the parameter is
called one. Requests and answers have the keys of the operation's input and output, each left out as often as --missing says.

Two requests belong together where they are of one operation's path. Precision: of the pairs that the map puts together, how many
belong together. Recall: of the pairs that belong together, how many the map puts together. Operations of equal method and
path pattern are one.
"""

import argparse
import collections
import gzip
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPLAY = ROOT / ".build/release/replay"
WORDS = """amber apple arrow atlas autumn beacon birch blue branch bridge bright canyon cedar cliff cloud coral cotton crane
crest crystal dawn delta desert dune eagle early east echo ember falcon fern field flint forest frost garden glade golden
granite green grove harbor hazel heron hill hollow indigo iron island ivory jade jasper juniper lagoon lake lantern laurel
lemon lily linen lotus lunar maple marble meadow mesa mist moon moss north oak ocean olive onyx opal orchid otter pearl
pebble pine plum pond poplar prairie quail quartz quiet rain raven red reef ridge river robin rose ruby sable sage sand
scarlet shadow silver sky slate snow solar south spring spruce star stone storm summer sun swift teal thistle tide timber
topaz valley velvet violet walnut water west wheat white willow wind winter wolf wren yarrow yellow zephyr""".split()


def models():
    """The REST services, by name; of each the newest version."""
    import botocore
    data = Path(botocore.__file__).parent / "data"
    for service in sorted(path for path in data.iterdir() if path.is_dir()):
        for version in sorted((path for path in service.iterdir() if path.is_dir()), reverse=True)[:1]:
            for name in ("service-2.json", "service-2.json.gz"):
                path = version / name
                if path.exists():
                    text = gzip.open(path, "rt") if name.endswith("gz") else open(path)
                    model = json.load(text)
                    if model["metadata"].get("protocol") in ("rest-json", "rest-xml"):
                        yield service.name, model


IDS = {
    "integer": lambda r: str(r.randrange(1, 10 ** r.randrange(3, 10))),
    "uuid": lambda r: str(uuid.UUID(int=r.getrandbits(128), version=4)),
    "hex": lambda r: f"{r.getrandbits(96):024x}",
    "prefixed": lambda r: f"{r.choice(['i', 'vol', 'ord', 'cus'])}-{r.getrandbits(68):017x}",
    "mixed": lambda r: "".join(r.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(14)),
    "ulid": lambda r: "01" + "".join(r.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(24)),
}


def slug(r):
    return "-".join(r.choice(WORDS) for _ in range(r.choice((1, 2, 2, 3))))


def value(name, kind, r):
    lower = name.lower()
    if lower.endswith("name") or lower in ("key", "bucket", "alias", "label", "tag", "slug", "stage", "domain"):
        return slug(r)
    return IDS[kind](r)


class Operation:
    def __init__(self, service, model, shapes, kinds):
        http = model["http"]
        self.method = http["method"]
        path = http["requestUri"].split("?")[0]
        self.segments = path.split("/")[1:]
        self.pattern = (service, self.method, re.sub(r"\{[^}]*\}", "{}", path))
        self.kinds = kinds
        self.asked = self.keys(shapes.get(model.get("input", {}).get("shape"), {}))
        self.answered = self.keys(shapes.get(model.get("output", {}).get("shape"), {}))

    @staticmethod
    def keys(shape):
        """Those of the body: its other members stand in the path, the query, the fields of the head or the status."""
        return [member.get("locationName", key) for key, member in shape.get("members", {}).items() if "location" not in member]

    def path(self, r):
        def fill(match):
            name = match[1].rstrip("+")
            if match[1].endswith("+"):
                return "/".join(slug(r) for _ in range(1))
            return value(name, self.kinds.setdefault(name, r.choice(list(IDS))), r)
        return "/" + "/".join(re.sub(r"\{([^}]*)\}", fill, segment) for segment in self.segments)

    @staticmethod
    def body(keys, r, missing):
        present = [key for key in keys if r.random() >= missing]
        return json.dumps({key: 1 for key in present}).encode() if keys else b""


class Capture:
    """One connection that is kept alive, for each service."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        self.time = 1_700_000_000_000_000
        self.connections = 0

    def connect(self):
        self.connections += 1
        number = self.connections
        self.ends = [[bytes((10, 0, number >> 8, number & 255)), 20000 + number, 1000], [bytes((10, 1, number >> 8, number & 255)), 80, 5000]]
        self.segment(0, b"", 2)
        self.segment(1, b"", 0x12)
        self.segment(0, b"", 0x10)

    def segment(self, sender, data, flags=0x18):
        own, other = self.ends[sender], self.ends[1 - sender]
        tcp = struct.pack(">HHIIBBHHH", own[1], other[1], own[2], other[2], 0x50, flags, 65535, 0, 0) + data
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0, own[0], other[0]) + tcp
        self.time += 50
        self.file.write(struct.pack("<IIII", self.time // 1_000_000, self.time % 1_000_000, len(ip), len(ip)) + ip)
        own[2] = (own[2] + len(data) + (flags >> 1 & 1)) & 0xFFFFFFFF

    def exchange(self, host, method, path, ask, body):
        length = f"Content-Length: {len(ask)}\r\n" if ask else ""
        self.segment(0, f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{length}\r\n".encode() + ask)
        length = len(body)
        body = b"" if method == "HEAD" else body
        self.segment(1, f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode() + body)


class Templates:
    """Those of a map: what a path belongs to is the one that fits with the most words, from the left."""

    def __init__(self, path):
        self.roots = {}
        fields = {}
        for line in open(path):
            match = re.match(r'\s+(?:- )?(destination|method|path): "?(.*?)"?$', line)
            if match:
                fields[match[1]] = match[2]
                if match[1] == "path":
                    node = self.roots.setdefault((fields["destination"], fields["method"]), {})
                    for segment in match[2].split("/")[1:]:
                        node = node.setdefault(re.sub(r"\{[^}]*\}", "{}", segment), {})
                    node["\0"] = match[2]

    def of(self, host, method, path):
        return self.fit(self.roots[host, method], path.split("/")[1:])

    def fit(self, node, segments):
        if not segments:
            return node.get("\0")
        for name, below in node.items():
            if name == segments[0] and (found := self.fit(below, segments[1:])):
                return found
        for name, below in node.items():
            if name == "**":
                return below["\0"]
            if "{}" in name:
                before, behind = name.split("{}")
                if segments[0].startswith(before) and segments[0].endswith(behind) and (found := self.fit(below, segments[1:])):
                    return found
        return None


def pairs(count):
    return count * (count - 1) // 2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--missing", type=float, default=0.0)
    parser.add_argument("--worst", type=int, default=0)
    parser.add_argument("--replay", default=str(REPLAY))
    options = parser.parse_args()
    r = random.Random(options.seed)
    asked = []
    with tempfile.TemporaryDirectory() as folder:
        capture = Capture(f"{folder}/paths.pcap")
        services = 0
        patterns = set()
        for service, model in models():
            services += 1
            capture.connect()
            kinds = {}
            operations = [Operation(service, operation, model["shapes"], kinds)
                          for _, operation in sorted(model["operations"].items())]
            patterns.update(operation.pattern for operation in operations)
            calls = [operation for operation in operations for _ in range(options.requests)]
            r.shuffle(calls)
            for operation in calls:
                path = operation.path(r)
                asked.append((operation.pattern, path))
                capture.exchange(f"{service}.test", operation.method, path, operation.body(operation.asked, r, options.missing),
                                 operation.body(operation.answered, r, options.missing))
        capture.file.close()
        mapping = f"{folder}/map.yaml"
        run = subprocess.run([options.replay, f"{folder}/paths.pcap", "--service-map", mapping, "--quiet"])
        if run.returncode:
            sys.exit(f"paths.py: replay failed with {run.returncode}")
        templates = Templates(mapping)
    groups, truth, both = collections.Counter(), collections.Counter(), collections.Counter()
    for pattern, path in asked:
        service, method, _ = pattern
        template = templates.of(f"{service}.test", method, path)
        truth[pattern] += 1
        groups[service, method, template] += 1
        both[pattern, template] += 1
    right = sum(map(pairs, both.values()))
    precision = right / max(1, sum(map(pairs, groups.values())))
    recall = right / max(1, sum(map(pairs, truth.values())))
    print(f"{services} services, {len(patterns)} templates, {len(asked)} requests: precision {precision:.4f}, recall {recall:.4f}, "
          f"{len(groups)} templates made")
    if options.worst:
        lost = collections.Counter()
        for pattern, count in truth.items():
            lost[pattern] = pairs(count) - sum(pairs(n) for (own, _), n in both.items() if own == pattern)
        for pattern, count in lost.most_common(options.worst):
            print(f"  apart {count:>6}  {' '.join(pattern)}")
        mixed = collections.defaultdict(collections.Counter)
        for (pattern, template), count in both.items():
            mixed[pattern[0], pattern[1], template][pattern[2]] += count
        def wrong(owners):
            return pairs(sum(owners.values())) - sum(map(pairs, owners.values()))
        for key, owners in sorted(mixed.items(), key=lambda item: -wrong(item[1]))[:options.worst]:
            if len(owners) > 1:
                print(f"  mixed {wrong(owners):>6}  {' '.join(key)}: {dict(owners.most_common(4))}")


main()
