"""Reads a dashboard by the types of Grafana's own kit, and says what of it they do not have.

    dashboard.py FILE
"""
import json
import sys

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

with open(sys.argv[1]) as file:
    written = json.load(file)
read = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(written)))


def compare(own, other, where):
    if isinstance(own, dict):
        for key, value in own.items():
            # The kit's variables have the query alone; Grafana itself writes both.
            if key == "definition":
                continue
            if not isinstance(other, dict) or key not in other:
                print(f"lost: {where}/{key}")
            else:
                compare(value, other[key], f"{where}/{key}")
    elif isinstance(own, list):
        for place, (one, two) in enumerate(zip(own, other, strict=True)):
            compare(one, two, f"{where}/{place}")
    elif own != other:
        print(f"lost: {where}: {own}, {other}")


compare(written, read, "")
ids = [panel["id"] for panel in written["panels"]]
if len(set(ids)) != len(ids):
    print("lost: two panels have one id")
print(f"{len(ids)} panels")
