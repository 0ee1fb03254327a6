"""Holds NetworkPolicies against Kubernetes' schema, by kubernetes-validate, and against the traffic that they were made from.

Arguments: folders. Each has policies, `*.policy.yaml`; where it also has `events.jsonl`, the event log of the same tape, each connection of
that must be allowed by both its ends' policies, and the policies must allow nothing else. Prints a line for whatever is wrong, and at the
end how many policies and how many allowed edges there were. That the oracle can say no, it proves first.
"""
import ipaddress
import json
import re
import sys
from pathlib import Path

import kubernetes_validate
import yaml

VERSION = "1.31.0"
policies = edges = 0


def fault(document):
    try:
        kubernetes_validate.validate(document, VERSION, strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        return str(error)[:300]


def without_port(name):
    return re.sub(r":\d+$", "", name)


def peer_name(peer):
    if "podSelector" in peer:
        (name,) = peer["podSelector"]["matchLabels"].values()
        return name
    return str(ipaddress.ip_network(peer["ipBlock"]["cidr"]).network_address)


def allowed(policy):
    """(own, peer, port, direction) of each rule, but for the lookup of names."""
    (own,) = policy["spec"]["podSelector"]["matchLabels"].values()
    for direction, key in (("ingress", "from"), ("egress", "to")):
        for rule in policy["spec"][direction]:
            ports = [(port["protocol"], port["port"]) for port in rule["ports"]]
            if key not in rule:
                if direction != "egress" or ports != [("UDP", 53), ("TCP", 53)]:
                    print(own, "is open to everybody:", rule)
                continue
            for _, port in ports:
                for peer in rule[key]:
                    yield own, peer_name(peer), port, direction


def seen(lines):
    for line in lines:
        event = json.loads(line)
        if event["event_type"] not in ("http", "connection") or "peer" not in event or "status_code" in event:
            continue
        yield without_port(event["service"]), without_port(event["peer"]), event["dest_port"]


def example():
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "a"},
            "spec": {"podSelector": {}, "ingress": [{"ports": [{"protocol": "TCP", "port": 80}]}]}}


misspelt = example()
misspelt["spec"]["ingress"][0]["form"] = []
assert fault(example()) is None and fault(misspelt) is not None

for name in sys.argv[1:]:
    folder = Path(name)
    given = set()
    names = set()
    for file in sorted(folder.glob("*.policy.yaml")):
        document = yaml.safe_load(file.read_text())
        policies += 1
        if problem := fault(document):
            print(file, problem)
            continue
        metadata = document["metadata"]["name"]
        if metadata in names or not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", metadata):
            print(file, "has a name that Kubernetes refuses, or that another one has:", metadata)
        names.add(metadata)
        if document["spec"]["policyTypes"] != ["Ingress", "Egress"]:
            print(file, "leaves a direction open")
        given |= set(allowed(document))
    edges += len(given)
    log = folder / "events.jsonl"
    if log.exists():
        needed = set()
        for client, server, port in seen(log.open()):
            needed |= {(client, server, port, "egress"), (server, client, port, "ingress")}
        for edge in sorted(needed - given):
            print(folder, "refuses what was seen:", *edge)
        for edge in sorted(given - needed):
            print(folder, "allows what was not seen:", *edge)
print(policies, edges)
