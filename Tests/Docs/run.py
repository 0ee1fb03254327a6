#!/usr/bin/env python3
"""Runs every command of README.md and of the guide in docs/, as a reader would: page by page, each in a folder of its own.

    Tests/Docs/run.py FOLDER [PAGE…]      FOLDER: where Tapedeck is installed (its bin and sbin)

Commands are the blocks ```sh. Comments that a reader doesn't see say what a test must know:

    <!-- run: first COMMANDS -->    before the next block: files and servers that the reader has
    <!-- run: stop after N s -->    the next block runs until Ctrl-C, which it gets then
    <!-- run: status N -->          the next block's last command ends so
    <!-- run: not, WHY -->          the next block isn't run

A block ```text right behind one that ran is what the reader is shown: each of its lines must be in what was printed,
whatever the blanks; a line of … stands for any.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PAGES = ["README.md", *sorted(str(p.relative_to(REPOSITORY)) for p in (REPOSITORY / "docs").glob("*.md"))]
# What a block may take, seconds.
PATIENCE = 60
# What all commands find: how to wait for a server, and a head that reads on to the end, or else who writes into it is
# ended by SIGPIPE or not as the processes happen to run, which pipefail would tell.
PRELUDE = """set -euo pipefail
head() { command head "$@"; cat > /dev/null; }
wait_for() { for _ in $(seq 100); do if (: <>/dev/tcp/127.0.0.1/"$1") 2>/dev/null; then return; fi; sleep 0.05; done; false; }
"""


class Wrong(Exception):
    pass


def blocks(text: str):
    """The page's blocks: (line, directives before it, language, text)."""
    directives, fence, body, language, start = [], None, [], "", 0
    for number, line in enumerate(text.split("\n"), 1):
        if fence:
            if line.strip() == fence:
                yield start, directives, language, "\n".join(body)
                directives, fence, body = [], None, []
            else:
                body.append(line)
        elif match := re.match(r"\s*(```+)(\w*)$", line):
            fence, language, start = match[1], match[2], number
        elif match := re.match(r"<!-- run: (.*) -->$", line):
            directives.append(match[1])
        elif re.match(r"<!-- run:", line):
            raise Wrong(f"line {number}: a comment that the test does not understand: {line}")
        elif line.strip():
            directives = []


def shell(commands: str, folder: str, environment: dict[str, str], stop_after: float | None) -> tuple[int, str]:
    log = Path(folder) / ".printed"
    with log.open("wb") as out:
        program = subprocess.Popen(
            ["bash", "-c", PRELUDE + commands], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out,
            stderr=out, start_new_session=True)
        try:
            if stop_after is not None:
                time.sleep(stop_after)
                os.killpg(program.pid, signal.SIGINT)
            status = program.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()
            raise Wrong(f"takes more than {PATIENCE} s:\n{log.read_text(errors='replace')}") from None
    return status, log.read_text(errors="replace")


def squeeze(line: str) -> str:
    return " ".join(line.split())


def run_page(page: str, environment: dict[str, str]) -> tuple[int, list[str]]:
    """- Returns: how many blocks ran, and those that did not, with the reason."""
    ran, left_out, printed = 0, [], None
    with tempfile.TemporaryDirectory(prefix="tapedeck-docs-") as folder:
        servers = []
        try:
            for line, directives, language, text in blocks((REPOSITORY / page).read_text()):
                where = f"{page}:{line}"
                if language == "text" and printed is not None:
                    shown = [squeeze(each) for each in printed.split("\n")]
                    for wanted in map(squeeze, text.split("\n")):
                        if wanted not in ("", "…") and not any(wanted in each for each in shown):
                            raise Wrong(f"{where}: not printed: {wanted}\n{printed}")
                    printed = None
                if language != "sh":
                    continue
                printed, stop_after, status = None, None, 0
                reason = next((d[4:].strip() for d in directives if d.startswith("not,")), None)
                if reason is not None:
                    left_out.append(f"{where}: {reason}")
                    continue
                for directive in directives:
                    if directive.startswith("first "):
                        # In the background, for it may start servers; it says when they are there.
                        done = Path(folder) / ".ready"
                        done.unlink(missing_ok=True)
                        server = subprocess.Popen(
                            ["bash", "-c", PRELUDE + directive[6:] + f"\ntouch '{done}'; wait"], cwd=folder,
                            env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, start_new_session=True)
                        servers.append(server)
                        until = time.monotonic() + PATIENCE
                        while not done.exists():
                            if time.monotonic() > until or (server.poll() or 0) != 0:
                                raise Wrong(f"{where}: failed: {directive}")
                            time.sleep(0.01)
                    elif match := re.fullmatch(r"stop after ([0-9.]+) s", directive):
                        stop_after = float(match[1])
                    elif match := re.fullmatch(r"status (\d+)", directive):
                        status = int(match[1])
                    else:
                        raise Wrong(f"{where}: what is ‘run: {directive}’?")
                try:
                    ended, printed = shell(text, folder, environment, stop_after)
                except Wrong as error:
                    raise Wrong(f"{where}: {error}") from None
                if ended != status:
                    raise Wrong(f"{where}: status {ended}, not {status}:\n{text}\n--- printed:\n{printed}")
                ran += 1
        finally:
            for server in servers:
                try:
                    os.killpg(server.pid, signal.SIGTERM)
                except ProcessLookupError:
                    pass
                server.wait()
    return ran, left_out


def main() -> int:
    installed = Path(sys.argv[1]).resolve()
    tools = tempfile.TemporaryDirectory()
    if os.geteuid() == 0:
        # Who tests is root already, and need not have sudo; it takes variables before the command.
        (Path(tools.name) / "sudo").write_text('#!/bin/sh\nexec env "$@"\n')
        (Path(tools.name) / "sudo").chmod(0o755)
    environment = {
        "PATH": f"{installed}/bin:{installed}/sbin:{tools.name}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": tools.name, "USER": "root", "LC_ALL": "C.UTF-8", "REPOSITORY": str(REPOSITORY),
        "GIT_CONFIG_GLOBAL": str(REPOSITORY / ".ci/gitconfig"),
    }
    pages = sys.argv[2:] or PAGES
    failed = False
    total, left_out = 0, []
    for page in pages:
        started = time.monotonic()
        try:
            ran, skipped = run_page(page, environment)
        except Wrong as error:
            print(f"WRONG: {error}")
            failed = True
            continue
        total += ran
        left_out += skipped
        if ran:
            print(f"{page}: {ran} blocks ran in {time.monotonic() - started:.1f} s")
    for each in left_out:
        print(f"not run: {each}")
    print(f"{total} blocks of commands ran, {len(left_out)} did not")
    return 1 if failed else 0


sys.exit(main())
