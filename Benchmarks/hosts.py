#!/usr/bin/env python3
"""Measures many hosts on one machine: a profiler each, all shipping to one stream of NATS; prints Markdown.

Each host is a network namespace behind one router, with an nginx and a wrk that asks the next host's; both opted in, so that every
exchange is seen on two hosts. tcpdump captures what comes to the router meanwhile. What the stream shows then is compared with what that capture
shows: who called whom for what, how often, with which statuses and how many bytes. Exits with 1 where they differ, or where
something was lost.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PREFIX = f"td{os.getpid()}"
HUB = f"{PREFIX}hub"
NATS = "10.77.0.254"
# wrk has no rate of its own: each connection waits so many milliseconds between two requests, which take about three where so
# much goes on, on two cores; what comes of it is printed.
LUA = """local count = 0
function delay() return {delay} end
function request()
  count = count + 1
  return wrk.format("GET", "/orders/" .. (count % 1000) .. "/item.json")
end
"""
NGINX = """master_process off; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log warn; user root;
events {{ worker_connections 2048; }}
http {{
  access_log off; sendfile off; keepalive_requests 100000000; default_type application/json;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen {address}:80 backlog=4096; location / {{ return 200 '{{"id": 7, "name": "u7", "ok": true}}'; }} }}
}}
"""


def note(text):
    print(f"hosts.py: {text}", file=sys.stderr, flush=True)


def run(*command, check=True):
    return subprocess.run(command, check=check, capture_output=True, text=True)


def inside(namespace, *command):
    return ["ip", "netns", "exec", namespace, *command]


def address(number):
    return f"10.77.{number}.2"


@contextlib.contextmanager
def network(hosts):
    """A namespace that routes, and one for each host; gives the names of these."""
    names = [f"{PREFIX}h{number}" for number in range(1, hosts + 1)]
    try:
        run("ip", "netns", "add", HUB)
        hub = ["ip", "-n", HUB]
        run(*hub, "link", "set", "lo", "up")
        run(*hub, "address", "add", f"{NATS}/32", "dev", "lo")
        run(*inside(HUB, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"))
        for number, name in enumerate(names, 1):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "add", "eth0", "type", "veth", "peer", "name", f"p{number}", "netns", HUB)
            run(*hub, "address", "add", f"10.77.{number}.1/24", "dev", f"p{number}")
            run(*hub, "link", "set", f"p{number}", "up")
            run("ip", "-n", name, "address", "add", f"{address(number)}/24", "dev", "eth0")
            run("ip", "-n", name, "link", "set", "lo", "up")
            run("ip", "-n", name, "link", "set", "eth0", "up")
            run("ip", "-n", name, "route", "add", "default", "via", f"10.77.{number}.1")
        yield names
    finally:
        for name in [*names, HUB]:
            run("ip", "netns", "delete", name, check=False)


class Program:
    """A program that was started, whose words are in a file."""

    def __init__(self, folder, name, command, **environment):
        self.name, self.path = name, folder / f"{name}.log"
        with open(self.path, "w") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **environment})

    def words(self):
        return self.path.read_text()

    def wait_for(self, words, patience=30):
        deadline = time.monotonic() + patience
        while not re.search(words, self.words()):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise SystemExit(f"hosts.py: {self.name} does not say {words}: {self.words()}")
            time.sleep(0.05)

    def end(self, number=signal.SIGINT, patience=120):
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise SystemExit(f"hosts.py: {self.name} does not end: {self.words()}") from None


def processor_seconds(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--built", default=ROOT / ".build/release", type=Path, help="the folder of profiler and replay")
    parser.add_argument("--hosts", default=4, type=int)
    parser.add_argument("--seconds", default=10, type=int)
    parser.add_argument("--rate", default=20_000, type=int, help="exchanges a second, of all hosts")
    parser.add_argument("--connections", default=20, type=int, help="of each host")
    parser.add_argument("--keep", type=Path, help="a folder in which everything stays")
    given = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("hosts.py: live capture and network namespaces need root")
    for name in ["nginx", "wrk", "tcpdump", "ip", "nats-server", "unshare"]:
        if shutil.which(name) is None:
            raise SystemExit(f"hosts.py: {name} is missing: Benchmarks/install.sh hosts")
    folder = given.keep or Path(tempfile.mkdtemp(prefix="tapedeck-hosts."))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        measure(given, folder)
    finally:
        if given.keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def measure(given, folder):
    profiler, replay = str(given.built / "profiler"), str(given.built / "replay")
    url = f"nats://{NATS}:4222"
    programs = []

    def start(name, command, **environment):
        programs.append(Program(folder, name, command, **environment))
        return programs[-1]

    with network(given.hosts) as hosts, contextlib.ExitStack() as stack:
        stack.callback(lambda: [program.end(signal.SIGKILL) for program in programs if program.process.poll() is None])
        server = start("nats", inside(HUB, "nats-server", "-js", "-a", NATS, "-sd", str(folder / "streams")))
        server.wait_for("Server is ready")
        # From elsewhere nobody reaches it.
        replaying = inside(HUB, replay)
        profilers = []
        for number, host in enumerate(hosts, 1):
            command = [profiler, "--output", "/dev/null", "--env-output", str(folder / f"env{number}.yaml"), "--allow", host,
                       "--ship", url, "--ship-spool", str(folder / f"spool{number}"), "--tls", "off", "--json"]
            script = f'hostname host{number} && exec "$@"'
            profilers.append(start(f"profiler{number}", inside(host, "unshare", "-u", "sh", "-c", script, "sh", *command)))
        for each in profilers:
            each.wait_for("watching")
        dump = start("tcpdump", inside(HUB, "tcpdump", "-i", "any", "-Q", "in", "-n", "-s", "400", "-B", "262144", "-w",
                                       str(folder / "all.pcap"), "tcp port 80"))
        dump.wait_for("listening on")
        for number, host in enumerate(hosts, 1):
            own = folder / f"nginx{number}"
            own.mkdir(exist_ok=True)
            (own / "nginx.conf").write_text(NGINX.format(folder=own, address=address(number)))
            start(f"nginx{number}", inside(host, "nginx", "-p", str(own), "-c", str(own / "nginx.conf"), "-e", "stderr"),
                  ADI_PROFILE=host, ADI_PROFILE_NAME=f"host{number}")
        time.sleep(1)
        delay = max(round(given.connections * given.hosts * 1000 / given.rate) - 3, 0)
        (folder / "load.lua").write_text(LUA.format(delay=delay))
        began = time.monotonic()
        clients = [
            start(f"wrk{number}", inside(host, "wrk", "-t1", f"-c{given.connections}", f"-d{given.seconds}s", "-s",
                                         str(folder / "load.lua"), f"http://{address(number % given.hosts + 1)}/"),
                  ADI_PROFILE=host, ADI_PROFILE_NAME=f"host{number}")
            for number, host in enumerate(hosts, 1)
        ]
        for client in clients:
            client.process.wait(timeout=given.seconds + 60)
        elapsed = time.monotonic() - began
        requests = [int(re.search(r"(\d+) requests in", client.words()).group(1)) for client in clients]
        costs = [processor_seconds(each.process) for each in profilers]
        time.sleep(1)
        statuses = [each.end() for each in profilers]
        dump.end()
        dropped = int(re.search(r"(\d+) packets dropped by kernel", dump.words()).group(1))
        stream, read, status, said = shown(replaying, [url], folder / "stream.state")
        names = [f"--name={address(number)}=host{number}" for number in range(1, given.hosts + 1)]
        capture, *_ = shown([replay], [str(folder / "all.pcap"), *names], folder / "capture.state")
        stored = sum(path.stat().st_size for path in (folder / "streams").rglob("*") if path.is_file())
        lost = [json.loads(each.words()[each.words().index("{"):]) for each in profilers]
        server.end()
    total, counted = sum(requests), sum(row["count"] for row in stream)
    is_same = stream == capture
    print(f"| hosts | exchanges a second, of all | exchanges | profilers' CPU, of a core | stream | tcpdump dropped | "
          f"events lost | in the joined map | replay of the stream | same as tcpdump's |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |")
    print(f"| {given.hosts} | {total / elapsed:,.0f} | {total:,} | {sum(costs) / elapsed:.2f} | {stored / 1e6:,.0f} MB | {dropped:,} | "
          f"{sum(sum(each['lost'].values()) + sum(each.get('unwritten', {}).values()) for each in lost):,} | {counted:,} | "
          f"{read:.1f} s | {'yes' if is_same else 'NO'} |")
    if not is_same:
        for rows, other, name in [(stream, capture, "stream"), (capture, stream, "tcpdump")]:
            for row in [row for row in rows if row not in other][:8]:
                note(f"only {name}: {row}")
    if status != 0 or any(statuses):
        note(f"replay of the stream: status {status}, profilers: {statuses}; {said}")
    if not is_same or status != 0 or any(statuses):
        sys.exit(1)


def shown(replay, inputs, state):
    """What a tape shows: the map's endpoints; the seconds that it took, the status, and what was said."""
    began = time.monotonic()
    made = run(*replay, "state", *inputs, "-o", str(state), check=False)
    took = time.monotonic() - began
    query = ("SELECT service, destination, method, path, sum(count) AS count, sum(errors) AS errors, "
             "sum(request_bytes) AS request_bytes, sum(response_bytes) AS response_bytes "
             "FROM map_endpoints GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4")
    answer = run(*replay, "query", query, str(state), "--json", check=False)
    if 2 in (made.returncode, answer.returncode):
        raise SystemExit(f"hosts.py: {made.stderr}{answer.stderr}")
    return [json.loads(line) for line in answer.stdout.splitlines()], took, made.returncode, made.stderr


if __name__ == "__main__":
    main()
