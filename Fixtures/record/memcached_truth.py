"""What a server says that it was asked, and what it answered: python memcached_truth.py VERBOSE-OUTPUT >truth.jsonl

`memcached -vv` tells each text and meta command (`<28 get a`) and most of its answers (`>28 END`), by the number of a file.
"""
import json
import re
import sys

connections = {}
count = 0
for line in open(sys.argv[1], encoding="utf-8", errors="replace"):
    match = re.match(r"([<>])(\d+) (.*)", line.rstrip("\n"))
    if not match:
        continue
    side, number, text = match.groups()
    if text.startswith("new "):
        # A number is used again.
        count += 1
        connections[number] = count
    # Of the binary protocol it writes headers.
    elif number in connections and not re.match(r" *(connection closed|0x|Read |Writing |GET|SET)", text):
        print(json.dumps({"connection": connections[number], "asked" if side == "<" else "answered": text[:250]}))
