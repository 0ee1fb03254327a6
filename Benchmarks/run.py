#!/usr/bin/env python3
"""Measures replay beside other tools on the captures of make-inputs.sh, and prints Markdown.

All tools run in turn, round after round, so that what else the machine does meets each of them; a figure is the median
of the rounds, a ratio the median of the rounds' ratios to the bare libpcap loop of the same round.
"""

import argparse
import mmap
import os
import platform
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BENCH_DIR = Path(os.environ.get("BENCH_DIR", "/tmp/tapedeck-bench"))
INPUTS = ["http", "mixed", "many-conns", "h2"]
TSHARK_FIELDS = [
    "frame.time_epoch", "tcp.stream", "ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", "http.request.method",
    "http.request.uri", "http.host", "http.response.code", "http.content_length", "http.time", "http2.streamid",
    "http2.headers.method", "http2.headers.path", "http2.headers.status",
]
LOOP, MAP, LOG = "libpcap loop", "replay: service map", "replay: service map and event log"


class Capture:
    """A pcap of our own making: little-endian, microseconds."""

    def __init__(self, path):
        self.path, self.bytes, self.packets = path, path.stat().st_size, 0
        length, offset = struct.Struct("<I"), 24
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            while offset + 16 <= self.bytes:
                offset += 16 + length.unpack_from(data, offset + 8)[0]
                self.packets += 1


class Tool:
    """A program under measurement; `command` makes its arguments from a capture and an empty folder for its output."""

    def __init__(self, name, program, command, package=None, slice_only=False):
        self.name, self.program, self.command = name, program, command
        self.package, self.slice_only = package, slice_only

    def is_there(self):
        return shutil.which(self.program) is not None


class Run:
    """What one run of one tool cost."""

    def __init__(self, line):
        wall, user, system, kib, status = line.split()
        self.wall, self.user, self.system, self.status = float(wall), float(user), float(system), int(status)
        self.cpu = self.user + self.system
        self.peak = int(kib) * 1024


def tools(replay, build):
    tshark_fields = [argument for field in TSHARK_FIELDS for argument in ("-e", field)]
    return [
        Tool(LOOP, f"{build}/pcap-loop", lambda pcap, out: [pcap], package="libpcap0.8"),
        Tool(MAP, replay, lambda pcap, out: [pcap, "--service-map", f"{out}/map.yaml"]),
        Tool(LOG, replay,
             lambda pcap, out: [pcap, "--service-map", f"{out}/map.yaml", "--output", f"{out}/events.jsonl"]),
        Tool("tcpdump -w /dev/null", "tcpdump", lambda pcap, out: ["-r", pcap, "-w", "/dev/null"],
             package="tcpdump"),
        Tool("ndpiReader -q", "ndpiReader", lambda pcap, out: ["-i", pcap, "-q"], package="libndpi-bin"),
        Tool("Suricata, HTTP log", "suricata",
             lambda pcap, out: ["-c", str(HERE / "suricata.yaml"), "-r", pcap, "-l", out, "-k", "none",
                                "-S", "/dev/null", "--runmode", "single"], package="suricata"),
        Tool("tshark, HTTP fields", "tshark",
             lambda pcap, out: ["-n", "-r", pcap, "-d", "tcp.port==8083,http2", "-Y", "http || http2", "-T", "fields",
                                *tshark_fields],
             package="tshark", slice_only=True),
    ]


def compile_tools(build):
    for source, libraries in (("pcap-loop", ["-lpcap"]), ("measure", [])):
        subprocess.run(["cc", "-O2", "-o", f"{build}/{source}", str(HERE / "tools" / f"{source}.c"), *libraries],
                       check=True)


def measure(build, tool, capture, limit):
    """One run. The output goes to a folder on the captures' disk, and is removed."""
    with tempfile.TemporaryDirectory(prefix="out.", dir=BENCH_DIR) as out:
        command = [f"{build}/measure", str(limit), tool.program, *tool.command(str(capture.path), out)]
        run = Run(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        run.written = sum(file.stat().st_size for file in Path(out).rglob("*") if file.is_file())
        return run


def read_into_page_cache(path):
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 24):
            pass


def busy_cores(interval=0.5):
    """How many of the machine's cores somebody else is using."""
    def busy():
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return sum(fields) - fields[3] - fields[4]

    before = busy()
    time.sleep(interval)
    return (busy() - before) / os.sysconf("SC_CLK_TCK") / interval


def compare(build, selected, capture, rounds, limit):
    read_into_page_cache(capture.path)
    measure(build, selected[0], capture, limit)
    runs = {tool.name: [] for tool in selected}
    for number in range(rounds):
        for tool in selected:
            run = measure(build, tool, capture, limit)
            runs[tool.name].append(run)
            note(f"{capture.path.name}, round {number + 1} of {rounds}: {tool.name}: {run.cpu:.2f} CPU s")
    return runs


def row(name, capture, runs, loop):
    cpu, user, system = (statistics.median(getattr(run, part) for run in runs) for part in ("cpu", "user", "system"))
    cpu = max(cpu, 1e-3)
    ratios = [run.cpu / max(base.cpu, 1e-3) for run, base in zip(runs, loop, strict=True)]
    cells = [
        name + status_note(runs),
        f"{cpu:.2f}",
        f"{user:.2f} + {system:.2f}",
        f"{statistics.median(run.wall for run in runs):.2f}",
        f"{capture.bytes / cpu / 1e6:,.0f}" if capture.bytes / cpu >= 1e7 else f"{capture.bytes / cpu / 1e6:.1f}",
        f"{capture.packets / cpu / 1e3:,.0f}",
        f"{max(run.peak for run in runs) / 1e6:.0f}",
        f"{max(run.written for run in runs) / 1e6:,.0f}",
        f"{statistics.median(ratios):.1f}",
    ]
    return "| " + " | ".join(cells) + " |"


def status_note(runs):
    statuses = sorted({run.status for run in runs} - {0})
    words = {-1: "killed: too slow", 127: "cannot be run"}
    return "".join(f" ({words.get(status, f'exit status {status}')})" for status in statuses)


COLUMNS = ["tool", "CPU s", "user + system", "wall s", "MB per CPU s", "1,000 packets per CPU s", "peak MB",
           "MB written", "ratio to the loop"]
HEADER = f"| {' | '.join(COLUMNS)} |\n| --- |{' ---: |' * (len(COLUMNS) - 1)}"


def print_comparison(title, capture, selected, runs):
    print(f"\n### {title}: {capture.bytes / 1e6:,.0f} MB, {capture.packets:,} packets\n\n{HEADER}")
    for tool in selected:
        print(row(tool.name, capture, runs[tool.name], runs[LOOP]))
    sys.stdout.flush()


def print_growth(build, loop, replay_tools, rounds, limit):
    """Does time grow with the file, and memory not?"""
    paths = [BENCH_DIR / f"{name}.pcap" for name in ("http-100M", "http", "http-big")]
    captures = [Capture(path) for path in paths if path.exists()]
    if len(captures) < 2 or not replay_tools:
        return
    results = [(capture, compare(build, [loop, *replay_tools], capture, rounds, limit)) for capture in captures]
    print(f"\n### The same traffic, more of it\n\n{HEADER}")
    for tool in replay_tools:
        for capture, runs in results:
            print(row(f"{tool.name}, {capture.path.name}", capture, runs[tool.name], runs[LOOP]))


def print_machine(selected, disk):
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    print(f"{time.strftime('%Y-%m-%d')}, {cpu.group(1) if cpu else platform.machine()}, {os.cpu_count()} cores, "
          f"Linux {platform.release()}; captures in the page cache, outputs on {disk}.", end=" ")
    print(", ".join(f"{tool.package} {debian_version(tool.package)}" for tool in selected if tool.package) + ".")


def debian_version(package):
    command = ["dpkg-query", "-W", "-f=${Version}", package]
    return subprocess.run(command, capture_output=True, text=True).stdout or "of unknown version"


def note(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--inputs", default=",".join(INPUTS), help="names of captures (default: %(default)s)")
    arguments.add_argument("--tools", default="", help="only those whose name contains one of these, with commas")
    arguments.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    arguments.add_argument("--limit", type=int, default=300, help="seconds after which a run is ended")
    arguments.add_argument("--replay", default=str(ROOT / ".build/release/replay"), help="default: %(default)s")
    options = arguments.parse_args()

    captures = [BENCH_DIR / f"{name}.pcap" for name in options.inputs.split(",")]
    missing = [str(path) for path in captures if not path.exists()]
    captures = [path for path in captures if path.exists()]
    if not captures:
        sys.exit(f"run.py: there is no {missing[0]}; Benchmarks/make-inputs.sh records it")

    with tempfile.TemporaryDirectory(prefix="tools.", dir=BENCH_DIR) as build:
        compile_tools(build)
        chosen = [tool for tool in tools(options.replay, build)
                  if tool.name == LOOP or any(part in tool.name for part in options.tools.split(","))]
        selected = [tool for tool in chosen if tool.is_there()]
        disk = subprocess.run(["df", "--output=source,fstype", str(BENCH_DIR)], capture_output=True, text=True)
        others = busy_cores()
        print_machine(selected, " ".join(disk.stdout.split("\n")[1].split()))
        for tool in chosen:
            if tool not in selected:
                print(f"Absent: {tool.name} ({tool.program} is not there).")
        for path in missing:
            print(f"Absent: {path}.")
        if others > 0.2:
            print(f"The machine is not idle: others are using {others:.1f} cores.")

        for path in captures:
            capture = Capture(path)
            on_whole = [tool for tool in selected if not tool.slice_only]
            runs = compare(build, on_whole, capture, options.rounds, options.limit)
            print_comparison(path.stem, capture, on_whole, runs)
            slice_path = path.with_name(f"{path.stem}-100M.pcap")
            on_slice = [tool for tool in selected if tool.slice_only or tool.name in (LOOP, MAP, LOG)]
            if slice_path.exists() and any(tool.slice_only for tool in on_slice):
                capture = Capture(slice_path)
                runs = compare(build, on_slice, capture, 1, options.limit)
                print_comparison(slice_path.stem, capture, on_slice, runs)
        print_growth(build, selected[0], [tool for tool in selected if tool.name in (MAP, LOG)], options.rounds,
                     options.limit)
        note("")


main()
