"""Holds schemas against the bodies that they were made from.

Arguments: pairs of files, a document of `replay export schema --raw-paths` and the event log of the same tape. Prints a line for each
body that is not valid by its schema, or has none, and at the end how many were.
"""
import json
import sys

import jsonschema

FORMATS = jsonschema.Draft202012Validator.FORMAT_CHECKER


def texts(body):
    """The JSON text, or the list of those that stand on lines of their own; nothing where it is neither."""
    try:
        return [json.loads(body)]
    except ValueError:
        pass
    try:
        lines = [json.loads(line) for line in body.split("\n") if line.strip()]
    except ValueError:
        return []
    return [lines] if len(lines) > 1 and all(isinstance(line, (dict, list)) for line in lines) else []


def key(of):
    return of["service"], of["destination"], of["method"], of["path"], of.get("status")


valid = 0
for document, events in zip(sys.argv[1::2], sys.argv[2::2]):
    with open(document) as file:
        document = json.load(file)
    schemas, alike = {}, {}
    for schema in document["$defs"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
        if "media" not in schema["x-tapedeck"]:
            schemas.setdefault(key(schema["x-tapedeck"]), []).append(schema)
            alike.setdefault(key(schema["x-tapedeck"])[2:], []).append(schema)
    with open(events) as file:
        for line in file:
            event = json.loads(line)
            body = event.get("body")
            if event["event_type"] != "http" or body is None or "url" not in event:
                continue
            if any(name in event for name in ("truncated", "incomplete", "anomalies", "pushed")):
                continue
            for text in texts(body):
                status = event.get("status_code")
                if "graphql_status" in event:
                    status = "graphql_" + event["graphql_status"]
                path = event["url"].split("?")[0]
                if "://" in path:
                    path = "/" + path.split("://", 1)[1].partition("/")[2]
                place = event["service"], event["peer"], event["method"], path, status
                if status is not None and place not in schemas:
                    place = event["peer"], event["service"], event["method"], path, status
                # The event has the names that were known then, the map those that are known in the end.
                candidates = schemas.get(place) or alike.get(place[2:], [])
                errors = []
                for schema in candidates:
                    validator = jsonschema.Draft202012Validator(schema, format_checker=FORMATS)
                    errors.append([error.message for error in validator.iter_errors(text)])
                if not candidates:
                    print("no schema:", events, place)
                elif all(errors):
                    print("not valid:", events, place, errors[0][0])
                else:
                    valid += 1
print(valid, "valid")
