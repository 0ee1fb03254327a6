"""What a server's own log (jsonlog, log_statement = all) says that it was asked: python postgres_truth.py LOG >truth.jsonl

One line a message that asked for something: the client's port, the text, and the SQLSTATE of the error, if it was one.
"""
import json
import re
import sys

told = []
last = {}
for line in open(sys.argv[1], encoding="utf-8"):
    entry = json.loads(line)
    port = entry.get("remote_port")
    if port is None:
        continue
    message = entry["message"]
    asked = re.match(r"(statement|execute [^:]*): (.*)", message, re.DOTALL)
    if entry["error_severity"] == "LOG" and asked:
        kind = "fetch" if asked[1].startswith("execute fetch from") else asked[1].split()[0]
        last[port] = {"port": port, "kind": kind, "text": asked[2]}
        told.append(last[port])
    elif entry["error_severity"] in ("ERROR", "FATAL") and "statement" in entry:
        known = last.get(port)
        if known is None or known["text"] != entry["statement"] or "code" in known:
            # It never came to be run.
            known = {"port": port, "kind": "parse", "text": entry["statement"]}
            told.append(known)
        known["code"] = entry["state_code"]
        last.pop(port, None)
for one in told:
    print(json.dumps(one, ensure_ascii=False))
