#!/usr/bin/env python3
"""Counts the instructions of fixed runs of replay under callgrind, and holds them against the limits in git.

    Benchmarks/instructions.py             prints the table; fails where a run takes more than its limit
    Benchmarks/instructions.py --update    writes limits that are 3 % above what was counted now
    Benchmarks/instructions.py http trace  only these

Seconds are noise on a machine that does other things, too; instructions are the same to a thousandth. A run reads
fixtures, many times over: each copy has client ports and times of its own, so that it is new traffic. What a program
takes to start is the first row, and is left out of the others.
"""

import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "Benchmarks" / "instructions.tsv"
# One path on every machine: its length is on the stack, and so in the count.
WORK = Path("/tmp/tapedeck-instructions")
START = "start"
MARGIN = 1.03

# Where the IPv4 header begins, by the pcap's link type: Ethernet, Linux cooked v1 and v2.
IP_OFFSETS = {1: 14, 113: 16, 276: 20}


class Run:
    """A line of the table."""

    def __init__(self, line):
        self.name, limit, copies, arguments, fixtures = line.split("\t")
        self.limit, self.copies = int(limit) * 1000, int(copies)
        self.arguments, self.fixtures = arguments.split(), fixtures.split()

    def line(self):
        fields = [self.name, self.limit // 1000, self.copies, " ".join(self.arguments), " ".join(self.fixtures)]
        return "\t".join(map(str, fields))

    def inputs(self):
        """What replay reads: a pcap of all copies, or as many traces as there are copies."""
        inputs = []
        for fixture in self.fixtures:
            [source] = (ROOT / "Fixtures" / fixture).glob("input.*")
            if source.suffix == ".pcap":
                copy = WORK / f"{self.name}-{fixture.replace('/', '-')}.pcap"
                copy.write_bytes(multiplied(source.read_bytes(), self.copies, str(source)))
                inputs.append(copy.name)
            else:
                for number in range(self.copies):
                    copy = WORK / f"{self.name}-{number}{source.suffix}"
                    copy.write_bytes(another(source.read_bytes(), number))
                    inputs.append(copy.name)
        return inputs

    def count(self):
        """Runs replay in a fixed environment and folder."""
        command = ["env", "-i", "SWIFT_DETERMINISTIC_HASHING=1", "/usr/bin/valgrind", "--tool=callgrind"]
        command += ["--callgrind-out-file=/dev/null", "./replay", *self.inputs(), "--quiet", *self.arguments]
        run = subprocess.run(command, cwd=WORK, stderr=subprocess.PIPE, text=True)
        for line in run.stderr.splitlines():
            if "Collected : " in line and run.returncode == 0:
                return int(line.split()[-1])
        sys.exit(f"instructions.py: {self.name}: replay failed (status {run.returncode})\n{run.stderr}")


def another(trace, number):
    """A tape of its own, some time later: Sources/Shared/Shared.docc/Traces.md has the frames."""
    result, offset = [trace[:16]], 16
    while offset < len(trace):
        marker, kind, length = struct.unpack("<HHI", trace[offset:offset + 8])
        body = bytearray(trace[offset + 8:offset + 8 + length])
        [time] = struct.unpack("<q", body[:8])
        struct.pack_into("<q", body, 0, time + number * 3600 * 1_000_000_000)
        if kind == 18:
            struct.pack_into(">H", body, 8, number)
        frame = struct.pack("<HI", kind, length) + bytes(body)
        result.append(struct.pack("<H", marker) + frame + struct.pack("<I", zlib.crc32(frame)))
        offset += 8 + length + 4
    return b"".join(result)


def multiplied(capture, copies, name):
    """The packets of a pcap, copies times over: later ones come later, from other ports."""
    orders = {0xA1B2C3D4: 1_000_000, 0xA1B23C4D: 1_000_000_000}
    order = "<" if struct.unpack("<I", capture[:4])[0] in orders else ">"
    ticks = orders[struct.unpack(order + "I", capture[:4])[0]]
    [link] = struct.unpack(order + "I", capture[20:24])
    records, offset = [], 24
    while offset < len(capture):
        seconds, fraction, length, wire = struct.unpack(order + "IIII", capture[offset:offset + 16])
        records.append((seconds * ticks + fraction, wire, capture[offset + 16:offset + 16 + length]))
        offset += 16 + length
    span = records[-1][0] - records[0][0] + ticks
    result = [capture[:24]]
    for copy in range(copies):
        for time, wire, packet in records:
            packet = with_client_port(packet, copy, IP_OFFSETS[link], name)
            time += copy * span
            result.append(struct.pack(order + "IIII", time // ticks, time % ticks, len(packet), wire) + packet)
    return b"".join(result)


def with_client_port(packet, copy, ip, name):
    """The packet with another one for the higher of its two ports."""
    if packet[ip] >> 4 != 4 or packet[ip + 9] != 6:
        sys.exit(f"instructions.py: {name} has packets that are not TCP over IPv4")
    tcp = ip + (packet[ip] & 15) * 4
    ports = list(struct.unpack(">HH", packet[tcp:tcp + 4]))
    client = ports.index(max(ports))
    ports[client] = 20_000 + (ports[client] + copy * 149) % 45_000
    return packet[:tcp] + struct.pack(">HH", *ports) + packet[tcp + 4:]


def main():
    arguments = sys.argv[1:]
    update = "--update" in arguments
    wanted = [argument for argument in arguments if argument != "--update"]
    head, *lines = TABLE.read_text().splitlines()
    runs = [Run(line) for line in lines]
    if unknown := set(wanted) - {run.name for run in runs}:
        sys.exit(f"instructions.py: no run {', '.join(sorted(unknown))} in {TABLE}")

    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir()
    # valgrind 3.19 does not read the debug information of Swift 6.
    subprocess.run(["strip", "-o", WORK / "replay", ROOT / ".build-images/release/replay"], check=True)

    print(f"{'run':<12}{'instructions':>15}{'limit':>15}{'of limit':>10}")
    start, over = 0, []
    for run in runs:
        if wanted and run.name not in [START, *wanted]:
            continue
        count = run.count() - start
        if run.name == START:
            start = count
        if update:
            run.limit = int(count * MARGIN / 1000 + 1) * 1000
        print(f"{run.name:<12}{count:>15,}{run.limit:>15,}{count / max(run.limit, 1):>10.1%}", flush=True)
        if count > run.limit:
            over.append(run.name)
    shutil.rmtree(WORK)
    if update:
        TABLE.write_text("\n".join([head, *(run.line() for run in runs)]) + "\n")
    if over:
        sys.exit(f"instructions.py: over the limit: {', '.join(over)}. A cost that is worth it gets a new limit by --update, "
                 "in a commit that says why")


main()
