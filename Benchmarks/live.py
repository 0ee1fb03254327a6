#!/usr/bin/env python3
"""Measures what live capture costs the programs that are captured, and those that are not; prints Markdown.

One nginx answers one wrk over kept-alive connections in a network namespace of its own while the observers come and go
in turn, round after round; a ratio is the median of the ratios of the time under an observer to the times without one
just before and after it. Then both sides of an exchange in one thread, which is steadier, and a loop of one-byte writes,
by a process that nobody profiles. With --sending, in place of these: what a profiler costs more that sends what it sees.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PORT, OTLP_PORT, NATS_PORT, STATUS_PORT = 18080, 18081, 18082, 18083
NONE = "no capture"
OPTED_IN, NOT_OPTED_IN = "profiler, nginx opted in", "profiler, nothing opted in"
SOCKET, SYSCALL = "profiler, socket hooks", "profiler, syscall hooks"
# After four a profiler has seen that the loop has one thread, and detaches what tells the order of several.
LOOP_SECONDS = 6
# Without a master process it leaves its environment as it was, so that a profiler can come at any time.
NGINX = """master_process off; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log warn; user root;
events {{ worker_connections 2048; }}
http {{
  access_log off; sendfile off; keepalive_requests 100000000; default_type application/json; open_file_cache max=100;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port} {protocol} backlog=4096; root {folder}; }}
  server {{ listen 127.0.0.1:{status_port}; location = /status {{ stub_status; }} }}
}}
"""


def note(text):
    print(f"live.py: {text}", file=sys.stderr, flush=True)


class Observer:
    """A program that watches while something is measured; `ready` is what it says when it does."""

    def __init__(self, name, command, ready):
        self.name, self.command, self.ready = name, command, ready

    def is_there(self):
        return self.command is None or shutil.which(self.command[0]) is not None

    def __enter__(self):
        self.process, self.peak, self.summary = None, 0, None
        if self.command is None:
            return self
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        said = []
        # Its words are read to the end, so that it never waits for a reader.
        is_ready, self.said = threading.Event(), said

        def listen():
            for line in self.process.stderr:
                said.append(line)
                if re.search(self.ready, line):
                    is_ready.set()
            is_ready.set()

        self.listener = threading.Thread(target=listen, daemon=True)
        self.listener.start()
        if not is_ready.wait(20) or self.process.poll() is not None:
            self.process.kill()
            raise SystemExit(f"live.py: {self.name} does not start: {''.join(said)}")
        return self

    def __exit__(self, *_):
        if self.process is None:
            return
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        self.peak = int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) * 1024
        self.process.send_signal(signal.SIGINT)
        try:
            output = self.process.communicate(timeout=30)[0]
        except ValueError:
            output = self.process.stdout.read()
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise SystemExit(f"live.py: {self.name} does not end")
        if output.startswith("{"):
            self.summary = json.loads(output)

    @property
    def lost(self):
        """Events lost, or None where the observer does not say."""
        return None if self.summary is None else sum(self.summary["lost"].values())


def profiler(path, folder, tag, *options):
    return [path, "--output", "/dev/null", "--env-output", f"{folder}/env.yaml", "--service-map", f"{folder}/map.yaml",
            "--allow", tag, "--json", *options]


@contextlib.contextmanager
def serving(folder, tag, http2=False):
    """nginx, opted in by its environment, under wrk or, for HTTP/2 in plain text, h2load; gives nginx's process."""
    protocol = "http2" if http2 else ""
    (folder / "nginx.conf").write_text(
        NGINX.format(folder=folder, port=PORT, protocol=protocol, status_port=STATUS_PORT))
    (folder / "answer.json").write_text(json.dumps({"id": 7, "name": "u7", "tags": ["a", "b"], "ok": True}))
    server = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"],
                              env={**os.environ, "ADI_PROFILE": tag, "ADI_PROFILE_NAME": "nginx"},
                              stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        prior = ["--http2-prior-knowledge"] if http2 else []
        while subprocess.run(["curl", *prior, "-sf", "-o", "/dev/null", url("answer.json")], check=False).returncode != 0:
            if time.monotonic() > deadline or server.poll() is not None:
                raise SystemExit("live.py: nginx does not answer")
            time.sleep(0.02)
        command = ["h2load", "-t1", "-c32", "-m10", "-D32400"] if http2 else ["wrk", "-t1", "-c32", "-d9h"]
        client = subprocess.Popen([*command, url("answer.json")], stdout=subprocess.PIPE, text=True)
        try:
            yield server
        finally:
            client.send_signal(signal.SIGINT)
            output = client.communicate()[0]
        # h2load has nothing more to say when it is interrupted.
        if "Non-2xx" in output or "Socket errors" in output:
            raise SystemExit(f"live.py: wrk met errors: {output}")
    finally:
        server.terminate()
        server.wait()


def url(path):
    return f"http://127.0.0.1:{PORT}/{path}"


def answered():
    """The requests that nginx has answered so far."""
    with urllib.request.urlopen(f"http://127.0.0.1:{STATUS_PORT}/status") as answer:
        return int(answer.read().split(b"\n")[2].split()[2])


def load(seconds):
    """Requests a second, and their number."""
    began, before = time.perf_counter(), answered()
    time.sleep(seconds)
    requests = answered() - before
    return requests / (time.perf_counter() - began), requests


def interleave(observers, rounds, measure):
    """Figures of each observer, round by round; `measure` gives a figure and a remark."""
    figures = {observer.name: [] for observer in observers}
    for number in range(rounds):
        for observer in observers:
            figure, remark = measure(observer)
            figures[observer.name].append((figure, observer.peak, observer.lost, remark))
            note(f"round {number + 1} of {rounds}: {observer.name}: {figure:,.1f}")
    return figures


def print_table(title, unit, figures, ratios, places):
    print(f"\n### {title}\n")
    print(f"| observer | {unit}, median (least–most) | ratio | peak MB | events lost | remark |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    for name, runs in figures.items():
        values = [run[0] for run in runs]
        ratio = statistics.median(ratios[name])
        peak = max(run[1] for run in runs)
        lost = [run[2] for run in runs if run[2] is not None]
        cells = [name, f"{statistics.median(values):,.{places}f} ({min(values):,.{places}f}–{max(values):,.{places}f})",
                 f"{ratio:.3f}", f"{peak / 1e6:.0f}" if peak else "", f"{sum(lost):,}" if lost else "",
                 "; ".join(sorted({run[3] for run in runs} - {""}))]
        print("| " + " | ".join(cells) + " |")


def measure_nginx(path, folder, seconds, rounds, http2):
    tag, other = f"bench-{os.getpid()}", f"bench-{os.getpid()}-nobody"
    observers = [
        Observer(OPTED_IN, profiler(path, folder, tag), "watching"),
        Observer(NOT_OPTED_IN, profiler(path, folder, other), "watching"),
        Observer("tcpdump -i lo -w /dev/null", ["tcpdump", "-i", "lo", "-n", "-w", "/dev/null", f"port {PORT}"],
                 "listening on"),
        Observer("strace -f -e trace=network", ["strace", "-f", "-e", "trace=network", "-o", "/dev/null"], "attached"),
    ]
    observers = [each for each in observers if each.is_there()]
    names = [NONE, *(observer.name for observer in observers)]
    figures, ratios = {name: [] for name in names}, {name: [] for name in names}

    with serving(folder, tag, http2) as server:

        def under(observer):
            if observer.name.startswith("strace"):
                observer.command = [*observer.command[:6], "-p", str(server.pid)]
            with observer:
                time.sleep(0.5)
                rate, requests = load(seconds)
            if observer.summary is None:
                return rate, ""
            seen = observer.summary["messages"]["responses"]
            if observer.name == NOT_OPTED_IN:
                return rate, "" if seen == 0 else f"sees {seen:,} answers of others!"
            return rate, "" if seen >= requests else f"{requests - seen:,} of {requests:,} answers not seen!"

        def alone():
            time.sleep(0.3)
            rate = load(seconds)[0]
            figures[NONE].append((rate, 0, None, ""))
            ratios[NONE].append(1)
            return rate

        load(1)
        for number in range(rounds):
            before = alone()
            for observer in observers:
                rate, remark = under(observer)
                after = alone()
                figures[observer.name].append((rate, observer.peak, observer.lost, remark))
                ratios[observer.name].append(2 * rate / (before + after))
                note(f"round {number + 1} of {rounds}: {observer.name}: {rate:,.0f}, {ratios[observer.name][-1]:.3f}")
                before = after
    how = "HTTP/2 in plain text under h2load: 32 connections, ten streams at a time on each" if http2 else (
        "under wrk: 32 kept-alive connections")
    print_table(f"nginx {how}, small answers", "requests/s", figures, ratios, 0)


@contextlib.contextmanager
def receiving(folder):
    """Who takes what profilers send: nginx for OpenTelemetry, which answers without a look, and a nats-server with a stream."""
    conf = folder / "collector.conf"
    conf.write_text(f"""master_process off; daemon off; pid {folder}/collector.pid; user root; events {{}}
http {{ access_log off; client_body_temp_path {folder}/taken; client_max_body_size 64m;
  server {{ listen 127.0.0.1:{OTLP_PORT}; location / {{ return 200 '{{}}'; }} }} }}
""")
    servers = [
        subprocess.Popen(["nginx", "-p", str(folder), "-c", str(conf), "-e", "stderr"], stdin=subprocess.DEVNULL),
        subprocess.Popen(["nats-server", "-js", "-sd", f"{folder}/streams", "-a", "127.0.0.1", "-p", str(NATS_PORT)],
                         stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL),
    ]
    try:
        for port in (OTLP_PORT, NATS_PORT):
            deadline = time.monotonic() + 10
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        raise SystemExit(f"live.py: nobody listens on {port}") from None
                    time.sleep(0.02)
        yield
    finally:
        for server in servers:
            server.terminate()
            server.wait()


def processor_seconds(process):
    """Of all its threads, user and system."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_sending(path, folder, seconds, rounds):
    tag = f"bench-{os.getpid()}"
    plain = Observer("profiler", profiler(path, folder, tag), "watching")
    others = [
        Observer("profiler --record", profiler(path, folder, tag, "--record", f"{folder}/run.tape"), "watching"),
        Observer("profiler --otlp", profiler(path, folder, tag, "--otlp", f"http://127.0.0.1:{OTLP_PORT}"), "watching"),
        Observer("profiler --ship", profiler(path, folder, tag, "--ship", f"nats://127.0.0.1:{NATS_PORT}/bench",
                                             "--ship-spool", f"{folder}/spool"), "watching"),
    ]
    figures = {observer.name: [] for observer in [plain, *others]}
    ratios = {name: [] for name in figures}

    def under(observer):
        with observer:
            time.sleep(0.5)
            before = processor_seconds(observer.process)
            rate, requests = load(seconds)
            cost = (processor_seconds(observer.process) - before) / requests * 1e9
        figures[observer.name].append((rate, cost, observer.peak, observer.lost))
        return rate, cost

    with receiving(folder), serving(folder, tag):
        load(1)
        for number in range(rounds):
            before = under(plain)
            for observer in others:
                found, after = under(observer), under(plain)
                ratios[observer.name].append(tuple(2 * a / (b + c) for a, b, c in zip(found, before, after, strict=True)))
                note(f"round {number + 1} of {rounds}: {observer.name}: {found[0]:,.0f}/s, {found[1]:,.0f} ns")
                before = after
    print("\n### What sending costs: nginx under wrk, opted in\n")
    print("| observer | requests/s, median | beside the plain one | its CPU ns an exchange, median | beside the plain one | peak MB | events lost |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, runs in figures.items():
        rate, cost = (statistics.median(run[place] for run in runs) for place in (0, 1))
        beside = [f"{statistics.median(ratio[place] for ratio in ratios[name]):.3f}" if ratios[name] else "" for place in (0, 1)]
        lost = sum(run[3] or 0 for run in runs)
        print(f"| {name} | {rate:,.0f} | {beside[0]} | {cost:,.0f} | {beside[1]} | {max(run[2] for run in runs) / 1e6:.0f} | {lost:,} |")


def measure_exchanges(path, folder, rounds):
    tag, other = f"bench-{os.getpid()}", f"bench-{os.getpid()}-nobody"
    loop = f"{folder}/exchange-loop"
    subprocess.run(["cc", "-O2", "-Wall", "-o", loop, str(HERE / "tools" / "exchange-loop.c")], check=True)
    observers = [
        Observer(NONE, None, None),
        Observer("profiler, both sides opted in", profiler(path, folder, tag), "watching"),
        Observer("profiler, only others opted in", profiler(path, folder, other), "watching"),
        Observer(NOT_OPTED_IN, profiler(path, folder, other + "-at-all"), "watching"),
        Observer("tcpdump -i lo -w /dev/null", ["tcpdump", "-i", "lo", "-n", "-w", "/dev/null"], "listening on"),
    ]

    def measure(observer):
        with observer:
            with subprocess.Popen(["sleep", "1h"], env={**os.environ, "ADI_PROFILE": other}) as sleeper:
                output = subprocess.run([loop, str(LOOP_SECONDS)], env={**os.environ, "ADI_PROFILE": tag}, check=True,
                                        capture_output=True, text=True).stdout
                sleeper.kill()
        return float(output), ""

    figures = interleave(observers, rounds, measure)
    base = min(run[0] for run in figures[NONE])
    print("\n### An exchange over loopback, both sides in one thread\n")
    print("| observer | CPU ns an exchange, least of all rounds | more | events lost |")
    print("| --- | ---: | ---: | ---: |")
    for name, runs in figures.items():
        least, lost = min(run[0] for run in runs), [run[2] for run in runs if run[2] is not None]
        print(f"| {name} | {least:,.0f} | {least - base:,.0f} | {sum(lost) if lost else ''} |")


def measure_writes(path, folder, rounds, count):
    other = f"bench-{os.getpid()}-nobody"
    loop = f"{folder}/write-loop"
    subprocess.run(["cc", "-O2", "-Wall", "-o", loop, str(HERE / "tools" / "write-loop.c")], check=True)
    observers = [
        Observer(NONE, None, None),
        Observer(SOCKET, profiler(path, folder, other, "--hooks", "socket"), "watching"),
        Observer(SYSCALL, profiler(path, folder, other, "--hooks", "syscall"), "watching"),
        Observer("tcpdump -i lo -w /dev/null", ["tcpdump", "-i", "lo", "-n", "-w", "/dev/null"], "listening on"),
    ]

    def measure(observer):
        with observer:
            output = subprocess.run([loop, str(count)], check=True, capture_output=True, text=True).stdout
        return float(output), ""

    figures = interleave(observers, rounds, measure)
    base = [run[0] for run in figures[NONE]]
    ratios = {name: [run[0] / other for run, other in zip(runs, base, strict=True)] for name, runs in figures.items()}
    print_table("One-byte writes to /dev/null by a process that did not opt in", "CPU ns a write", figures, ratios, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profiler", default=str(ROOT / ".build/release/profiler"))
    parser.add_argument("--rounds", type=int, default=5, help="of nginx under wrk; 0: none")
    parser.add_argument("--seconds", type=int, default=5, help="of each time under an observer")
    parser.add_argument("--exchanges", type=int, default=2, help="runs of the loop of exchanges; 0: no loop")
    parser.add_argument("--writes", type=int, default=3_000_000, help="of each run of the loop; 0: no loop")
    parser.add_argument("--sending", action="store_true", help="measure what --record, --otlp and --ship cost, and nothing else")
    parser.add_argument("--http2", action="store_true", help="nginx speaks HTTP/2 to h2load, in place of HTTP/1.1 to wrk")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("live.py: needs root, for BPF and a network namespace")
    if not arguments.inside:
        # A network of its own: nothing else is on its loopback.
        command = ["unshare", "--net", sys.executable, __file__, "--inside", *sys.argv[1:]]
        raise SystemExit(subprocess.run(command, check=False).returncode)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print(f"{os.cpu_count()} cores, Linux {os.uname().release}, {arguments.rounds} rounds of {arguments.seconds} s")
    with tempfile.TemporaryDirectory(prefix="tapedeck-live.") as name:
        folder = Path(name)
        folder.chmod(0o755)
        if arguments.sending:
            return measure_sending(arguments.profiler, folder, arguments.seconds, arguments.rounds)
        if arguments.rounds > 0:
            measure_nginx(arguments.profiler, folder, arguments.seconds, arguments.rounds, arguments.http2)
        if arguments.exchanges > 0:
            measure_exchanges(arguments.profiler, folder, arguments.exchanges)
        if arguments.writes > 0:
            measure_writes(arguments.profiler, folder, arguments.rounds, arguments.writes)


if __name__ == "__main__":
    main()
