"""What a server says that it was asked: python redis_truth.py MONITOR-OUTPUT INFO-OUTPUT >truth.jsonl

A line a command, as MONITOR has it (which leaves out commands that were refused, and those of administration), then the
server's own counts of commands and errors.
"""
import json
import re
import sys

STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b"}


def plain(match):
    text = match[1]
    if text.startswith("x"):
        return chr(int(text[1:], 16))
    return ESCAPES.get(text, text)


for line in open(sys.argv[1], encoding="utf-8"):
    asked = re.match(r"\d+\.\d+ \[(\d+) 127\.0\.0\.1:(\d+)\] (.*)", line)
    if not asked:
        continue
    words = [re.sub(r"\\(x[0-9a-f]{2}|.)", plain, word) for word in STRING.findall(asked[3])]
    print(json.dumps({"port": int(asked[2]), "database": int(asked[1]), "words": [word[:200] for word in words]}))

for line in open(sys.argv[2], encoding="utf-8"):
    count = re.match(r"cmdstat_([^:]+):calls=(\d+),.*rejected_calls=(\d+),failed_calls=(\d+)", line)
    if count:
        print(json.dumps({"command": count[1], "calls": int(count[2]), "refused": int(count[3]), "failed": int(count[4])}))
    count = re.match(r"errorstat_([^:]+):count=(\d+)", line)
    if count:
        print(json.dumps({"error": count[1], "count": int(count[2])}))
