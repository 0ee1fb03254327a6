"""Holds OpenAPI descriptions against the specification, against the traffic that they were made from, and against more of it.

Arguments: folders. Each has `events.jsonl`, the event log of a tape; `whole`, a folder of `replay export openapi` of it; `json`, the same
as JSON; `newer`, the same by version 3.2; `half`, that of the first half of the tape. Prints a line for whatever is wrong, and at the end
how many requests and answers were held against how many bodies' schemas, and how many other bodies these refuse.
"""
import json
import re
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import yaml
from openapi_spec_validator import validate

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}
FORMATS = jsonschema.Draft202012Validator.FORMAT_CHECKER
counts = {"requests": 0, "answers": 0, "bodies": 0, "refused": 0}
folder = None


def wrong(*what):
    print(folder, *what)


def pattern(template):
    """What a path must look like to fit a template; a session's number may follow each segment."""
    parts = re.split(r"\{[^}]*\}", template)
    return re.compile("(;[^/]*)?[^/]+".join(re.escape(part.replace("%7B", "{").replace("%7D", "}")) for part in parts) + "(;[^/]*)?")


def structure(template):
    return re.sub(r"\{[^}]*\}", "{}", template)


def read(name):
    return {d["info"]["title"]: d for d in (yaml.safe_load(p.read_text()) for p in sorted((folder / name).glob("*.yaml")))}


def operations(description):
    for path, item in description["paths"].items():
        for method, operation in item.items():
            if method == "additionalOperations":
                yield from ((path, other, found) for other, found in operation.items())
            else:
                yield path, method.upper(), operation


def check(description):
    """The specification, and what its validator lets pass."""
    try:
        validate(description)
    except Exception as error:
        return wrong(description["info"]["title"], "is not valid:", str(error)[:300])
    paths = list(description["paths"])
    if len({structure(path) for path in paths}) < len(paths):
        wrong("two paths that differ by names of parameters alone:", paths)
    if any("#" in path or "?" in path or not path.startswith("/") for path in paths):
        wrong("a path with more than a path:", paths)
    seen = [operation["operationId"] for _, _, operation in operations(description)]
    if len(set(seen)) < len(seen):
        wrong("the same operationId twice")
    references = re.findall(r'"\$ref": "#/components/schemas/([^"]*)"', json.dumps(description))
    schemas = description.get("components", {}).get("schemas", {})
    if any(references.count(name) < 2 for name in schemas) or set(references) != set(schemas):
        wrong("components that are not shared, or references to none:", sorted(schemas), sorted(references))
    text = json.dumps(description).lower()
    for secret in ("authorization\"", "traceparent", "\"cookie\""):
        if secret in text and f'"in": "header", "name": {secret}'[-20:] not in text:
            wrong("names", secret)


def validator(schema, description):
    return jsonschema.Draft202012Validator(
        {**schema, "components": description.get("components", {})}, format_checker=FORMATS)


def fields(event):
    return {name.lower(): value for name, value in event.get("headers", {}).items()}


def media(event):
    value = fields(event).get("content-type", "")
    value = re.split("[;, ]", value)[0].lower()
    return value if re.fullmatch(r"[^/]+/[^/]+", value) else "*/*"


def body_faults(event, content, description):
    """What is wrong with a message's body by the content that is described."""
    if not any(name in event for name in ("body", "body_base64")):
        return []
    if media(event) not in content:
        return [f"no content {media(event)}"]
    schema = content[media(event)].get("schema")
    if schema is None or "body" not in event or not re.search("json$", media(event)):
        return []
    try:
        value = json.loads(event["body"])
    except ValueError:
        return []
    counts["bodies"] += 1
    judge = validator(schema, description)
    # What is described says something.
    if not judge.is_valid("\0") or not judge.is_valid({"\0": 0} if isinstance(value, list) else ["\0"]):
        counts["refused"] += 1
    return [error.message for error in judge.iter_errors(value)]


def faults(event, path, operation, description):
    if "status_code" in event:
        answer = operation.get("responses", {}).get(str(event["status_code"]))
        if answer is None:
            return [f"no answer {event['status_code']}"]
        return body_faults(event, answer.get("content", {}), description)
    found = []
    described = {parameter["name"]: parameter for parameter in operation.get("parameters", []) if parameter["in"] == "query"}
    schemes = description.get("components", {}).get("securitySchemes", {})
    keys = {scheme["name"] for scheme in schemes.values() if scheme.get("in") == "query"}
    given = parse_qsl(urlsplit(event["url"]).query, keep_blank_values=True)
    for name, value in given:
        if re.fullmatch(r"[A-Za-z_]{1,19}", name) and f"{name}=" in event["url"] and name not in described | dict.fromkeys(keys):
            found.append(f"no parameter {name}")
        if name in described and described[name]["schema"]["type"] in ("integer", "number") and not re.fullmatch(r"-?[0-9.]+", value):
            found.append(f"{name} is no number")
    found += [f"{name} is missing" for name, parameter in described.items() if parameter.get("required") and name not in dict(given)]
    body = operation.get("requestBody", {})
    if body.get("required") and not any(name in event for name in ("body", "body_base64")) and event.get("bytes", 0) < 1:
        found.append("no body")
    word = fields(event).get("authorization", " ").split(" ")[0].lower()
    known = {scheme.get("scheme") for need in operation.get("security", []) for name in need for scheme in [schemes[name]]}
    if word in ("basic", "bearer", "digest") and word not in known:
        found.append(f"no security {word}")
    return found + body_faults(event, body.get("content", {}), description)


def hold(descriptions):
    """Each recorded message against the description of the service that was asked."""
    for line in (folder / "events.jsonl").open():
        event = json.loads(line)
        if event["event_type"] != "http" or event.get("protocol") == "grpc" or "url" not in event or "pushed" in event:
            continue
        if any(name in event for name in ("truncated", "incomplete", "anomalies")) or event.get("method") == "CONNECT":
            continue
        if 100 <= event.get("status_code", 200) < 200 and event["status_code"] != 101:
            continue
        path = event["url"].split("?")[0].split("#")[0]
        if "://" in path:
            path = "/" + path.split("://", 1)[1].partition("/")[2]
        if not path.startswith("/"):
            continue
        # The event has the names that were known then, the description those that are known in the end.
        asked = [descriptions[name] for name in (event["peer"], event["service"]) if name in descriptions]
        for some in (asked, descriptions.values()):
            all_faults = [
                faults(event, template, operation, description)
                for description in some for template, method, operation in operations(description)
                if method == event["method"] and pattern(template).fullmatch(path)]
            if all_faults:
                break
        counts["answers" if "status_code" in event else "requests"] += 1
        if not all_faults:
            wrong("not described:", event["method"], path, event["peer"])
        elif all(all_faults):
            wrong(event["method"], path, event.get("status_code", "request"), all_faults[0])


def kinds(schema, description):
    """The branches of a schema by their types; nothing where anything may stand."""
    while "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    found = {}
    for branch in schema.get("anyOf", [schema]):
        types = branch.get("type", [])
        found.update({one: branch for one in ([types] if isinstance(types, str) else types)})
    return found


def covers(whole, half):
    """Whether all that the second, (schema, description), takes is taken by the first, too."""
    wide, narrow = kinds(*whole), kinds(*half)
    if not wide:
        return True
    for kind, branch in narrow.items():
        general = wide.get(kind) or (wide.get("number") if kind == "integer" else None)
        if general is None or general.get("format", branch.get("format")) != branch.get("format"):
            return False
        if "items" in branch and "items" in general and not covers((general["items"], whole[1]), (branch["items"], half[1])):
            return False
        if not set(general.get("required", [])) <= set(branch.get("required", [])):
            return False
        for name, value in branch.get("properties", {}).items():
            other = general.get("properties", {}).get(name, general.get("additionalProperties"))
            if other is not None and not covers((other, whole[1]), (value, half[1])):
                return False
    return True


def content_covers(whole, half, description, earlier):
    return set(half) <= set(whole) and all(
        covers((whole[name].get("schema", {}), description), (half[name].get("schema", {}), earlier)) for name in half)


def refine(descriptions, halves):
    """What half the traffic says is not taken back by all of it."""
    for name, earlier in halves.items():
        whole = descriptions.get(name)
        if whole is None:
            # A later name of the same service.
            continue
        for path, method, operation in operations(earlier):
            candidates = [found for template, other, found in operations(whole)
                          if other == method and (template == path or pattern(template).fullmatch(re.sub(r"[{}]", "", path)))]
            if not candidates:
                wrong("taken back:", method, path)
                continue
            found = candidates[0]
            names = lambda of: {(p["in"], p["name"]) for p in of.get("parameters", []) if p["in"] != "path"}
            if not names(operation) <= names(found):
                wrong("parameters taken back:", method, path)
            if found.get("requestBody", {}).get("required") and "requestBody" in operation and not operation["requestBody"].get("required"):
                wrong("a body is needed now:", method, path)
            if not content_covers(found.get("requestBody", {}).get("content", {}), operation.get("requestBody", {}).get("content", {}), whole, earlier):
                wrong("bodies taken back:", method, path)
            for status, answer in operation.get("responses", {}).items():
                other = found.get("responses", {}).get(status)
                if other is None or not content_covers(other.get("content", {}), answer.get("content", {}), whole, earlier):
                    wrong("answers taken back:", method, path, status)


for name in sys.argv[1:]:
    folder = Path(name)
    whole = read("whole")
    for description in whole.values():
        check(description)
        if description["openapi"] != "3.1.0":
            wrong("version", description["openapi"])
    newer = read("newer")
    for description in newer.values():
        check(description)
    same = {d["info"]["title"]: d for d in (json.loads(p.read_text()) for p in (folder / "json").glob("*.json"))}
    if same != whole:
        wrong("JSON and YAML differ")
    # Methods that 3.1 does not know are in the other.
    hold(newer)
    refine(whole, read("half"))
print(*(counts[name] for name in ("requests", "answers", "bodies", "refused")))
