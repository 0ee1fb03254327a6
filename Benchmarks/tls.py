#!/usr/bin/env python3
"""Measures what it costs nginx to be read over HTTPS; prints Markdown.

One nginx gives a file of 4 kB over TLS 1.3: over kept-alive connections under wrk, and a connection a request. Its profilers,
with --tls on and --tls off, come and go in turn; what is measured is the processor time of nginx alone and the rate, and a ratio is
the median of the ratios of neighbours.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from live import Observer, profiler  # noqa: E402

PORT = 18443
TICK = os.sysconf("SC_CLK_TCK")
CONFIGURATION = """master_process off; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log warn; user root;
events {{ worker_connections 2048; }}
http {{
  access_log off; sendfile off; keepalive_requests 100000000; default_type application/octet-stream; open_file_cache max=100;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port} ssl backlog=4096; root {folder}; ssl_certificate {folder}/certificate.pem;
    ssl_certificate_key {folder}/key.pem; ssl_protocols TLSv1.3; ssl_session_tickets off; }}
}}
"""


def processor(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def burst(server, seconds, closes):
    """Requests a second, and nginx's processor time for each, microseconds."""
    headers = ["-H", "Connection: close"] if closes else []
    before = processor(server.pid)
    output = subprocess.run(["wrk", "-t1", "-c32", f"-d{seconds}s", *headers, f"https://127.0.0.1:{PORT}/file"],
                            capture_output=True, text=True, check=True).stdout
    used = processor(server.pid) - before
    count = int(re.search(r"(\d+) requests in", output).group(1))
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1)), used / count * 1e6


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--profiler", default=".build/release/profiler")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=3)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="tapedeck-tls-") as name:
        folder = Path(name)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out",
                        folder / "certificate.pem", "-days", "2", "-subj", "/CN=localhost"], check=True, capture_output=True)
        (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, port=PORT))
        (folder / "file").write_bytes(os.urandom(4096))
        print("| nginx over TLS 1.3, 4 kB | profiler | requests/s (best) | µs of nginx a request (best) | ratio to `--tls off` |")
        print("| --- | --- | --- | --- | --- |")
        for tag, title in [("tls-bench", "opted in"), ("other", "not opted in")]:
            server = subprocess.Popen(["nginx", "-p", name, "-c", folder / "nginx.conf", "-e", "stderr"],
                                      env={**os.environ, "ADI_PROFILE": tag}, stdin=subprocess.DEVNULL)
            try:
                time.sleep(1)
                for closes, what in [(False, "kept alive"), (True, "a connection a request")]:
                    rates, costs, lost = {"on": [], "off": []}, {"on": [], "off": []}, 0
                    for round_ in range(options.rounds):
                        for tls in ["on", "off"] if round_ % 2 else ["off", "on"]:
                            command = profiler(options.profiler, name, "tls-bench", "--tls", tls)
                            with Observer(tls, command, "watching") as observer:
                                rate, cost = burst(server, options.seconds, closes)
                            rates[tls].append(rate)
                            costs[tls].append(cost)
                            lost += observer.lost or 0
                    ratio = statistics.median(a / b for a, b in zip(rates["on"], rates["off"]))
                    own = statistics.median(b / a for a, b in zip(costs["on"], costs["off"]))
                    for tls in ["off", "on"]:
                        shown = f"{ratio:.3f}; nginx's own time {own:.3f}" if tls == "on" else "1"
                        print(f"| {title}, {what} | `--tls {tls}` | {max(rates[tls]):,.0f} | {min(costs[tls]):.1f} | {shown} |")
                    if lost:
                        print(f"tls.py: {lost} events were lost", file=sys.stderr)
            finally:
                server.terminate()
                server.wait()


if __name__ == "__main__":
    main()
