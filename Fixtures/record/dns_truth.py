"""What unbound's own log (log-replies) says that it answered: python dns_truth.py LOG >truth.jsonl

One line an answer: the client's port is not in the log; name, type, class and code are.
"""
import json
import re
import sys

for line in open(sys.argv[1], encoding="utf-8"):
    told = re.search(r"reply: \S+ (\S+) (\S+) (\S+) (\S+) [\d.]+ [01] \d+", line)
    if told:
        name, kind, group, code = told.groups()
        print(json.dumps({"name": name.rstrip("."), "type": kind, "class": group, "code": code}))
