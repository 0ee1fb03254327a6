#!/usr/bin/env python3
"""Makes docs/map.svg, who talks to whom in a capture, and docs/shop.svg, what `replay` shows of it on a terminal, from real runs.

    docs/picture.py REPLAY            writes them
    docs/picture.py REPLAY --check    says whether they are what it would write
"""
import html
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PICTURE = REPOSITORY / "docs/shop.svg"
MAP = REPOSITORY / "docs/map.svg"
FIXTURE = "Fixtures/demo/shop"
# What a reader types; the fixture's folder is of no interest to them.
SHOWN = "tapedeck replay shop.pcap --names names"
# Pixels; of a monospaced font 0.6 of the height is what browsers agree on.
SIZE, LINE = 13, 18
ADVANCE = SIZE * 0.6
COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff", "35": "#d2a8ff", "36": "#79c0ff"}
TEXT, DIM, BOLD, BACKGROUND = "#c9d1d9", "#8b949e", "#f0f6fc", "#0d1117"


def run(replay: str) -> list[str]:
    """What the program writes to a terminal of 92 columns."""
    ours, theirs = pty.openpty()
    environment = {"TERM": "xterm", "COLUMNS": "92", "LANG": "C.UTF-8", "PATH": os.environ["PATH"]}
    command = [os.path.abspath(replay), f"{FIXTURE}/input.pcap", "--names", f"{FIXTURE}/names"]
    program = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment, cwd=REPOSITORY)
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 65536):
            said += piece
    except OSError:  # The terminal's other end is closed: EIO.
        pass
    if program.wait() != 0:
        sys.exit(said.decode())
    text = said.decode().replace(f"{FIXTURE}/input.pcap", "shop.pcap")
    return text.replace("\r", "").strip("\n").split("\n")


def spans(line: str) -> str:
    """A line of text with escapes (ECMA-48, SGR) as one of tspans."""
    shown, style, column = "", {}, 0
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b"):
            for code in part[2:-1].split(";"):
                if code in ("", "0"):
                    style = {}
                elif code == "1":
                    style |= {"fill": BOLD, "font-weight": "bold"}
                elif code == "2":
                    style |= {"fill": DIM}
                elif code in COLOURS:
                    style |= {"fill": COLOURS[code]}
        elif part:
            attributes = "".join(f' {name}="{value}"' for name, value in style.items())
            # Each piece at its column: fonts differ in how wide they draw lines and blocks.
            shown += f'<tspan x="{16 + column * ADVANCE:.1f}"{attributes}>{html.escape(part)}</tspan>'
            column += len(part)
    return shown


def picture(lines: list[str]) -> str:
    lines = [f"\x1b[2m$\x1b[0m \x1b[1m{SHOWN}\x1b[0m", "", *lines]
    width = 32 + max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines) * ADVANCE
    height = 48 + len(lines) * LINE
    body = "\n".join(
        f'<text y="{48 + number * LINE}">{spans(line)}</text>' for number, line in enumerate(lines) if line.strip()
    )
    dots = "".join(f'<circle cx="{20 + 18 * i}" cy="18" r="5" fill="#30363d"/>' for i in range(3))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" role="img" '
        f'viewBox="0 0 {width:.0f} {height}" fill="{TEXT}" font-size="{SIZE}" xml:space="preserve" '
        "font-family=\"ui-monospace, 'SFMono-Regular', Menlo, Consolas, 'DejaVu Sans Mono', monospace\">\n"
        "<title>What replay shows of a capture: a summary, and who called whom</title>\n"
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>\n{dots}\n{body}\n</svg>\n'
    )


def graph(replay: str) -> str:
    """The picture that the program itself makes."""
    command = [os.path.abspath(replay), "export", "svg", f"{FIXTURE}/input.pcap", "--names", f"{FIXTURE}/names"]
    return subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout


def main() -> None:
    made = {PICTURE: picture(run(sys.argv[1])), MAP: graph(sys.argv[1])}
    for path, text in made.items():
        if "--check" not in sys.argv:
            path.write_text(text)
        elif path.read_text() != text:
            sys.exit(f"docs/{path.name} is not what replay shows: make update-goldens")


main()
