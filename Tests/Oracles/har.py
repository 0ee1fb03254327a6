"""Holds HTTP Archives against the event logs of the same tapes, read by haralyzer.

Arguments: pairs of files, an archive with bodies and without anything hidden, and the event log. Prints a line for whatever differs,
and at the end how many entries, answers and bodies are the same.
"""
import json
import sys

import haralyzer

counts = {"entries": 0, "answers": 0, "bodies": 0}
for archive, events in zip(sys.argv[1::2], sys.argv[2::2]):
    with open(archive) as file:
        parser = haralyzer.HarParser(json.load(file))
    logged = {}
    with open(events) as file:
        for line in file:
            event = json.loads(line)
            if event["event_type"] == "http" and not 100 <= event.get("status_code", 200) < 101 and "exchange" in event:
                side = "answer" if "status_code" in event else "request"
                key = event["connection"], event["method"], event.get("url")
                logged.setdefault((side, str(key[0]), key[1], key[2]), []).append(event)
    last = ""
    for page_entry in parser.har_data["entries"]:
        entry = haralyzer.HarEntry(page_entry)
        if page_entry["startedDateTime"] < last:
            print(archive, "is not in the order of time:", page_entry["startedDateTime"])
        last = page_entry["startedDateTime"]
        timings = page_entry["timings"]
        if abs(sum(timings.values()) - page_entry["time"]) > 1e-5 or min(timings.values()) < 0:
            print(archive, "times do not add up:", timings, page_entry["time"])
        path = "/" + entry.request.url.split("://", 1)[1].partition("/")[2]
        for side, status in (("request", None), ("answer", entry.response.status)):
            found = [
                event for target in (path, entry.request.url, path[1:])
                for event in logged.get((side, page_entry["connection"], entry.request.method, target), [])
                if status in (None, event.get("status_code"))]
            if not found:
                if side == "request" or status != 0:
                    print(archive, "has no such event:", side, entry.request.method, path, status)
                continue
            counts["entries" if side == "request" else "answers"] += 1
            part = page_entry["request" if side == "request" else "response"]
            given = {header["name"].lower() for header in part["headers"]}
            if not any({name.lower() for name in event["headers"]} == given for event in found):
                print(archive, "other fields:", side, path, sorted(given))
            bodies = {event.get("body", event.get("body_base64", "")) for event in found}
            body = part.get("postData" if side == "request" else "content", {}).get("text", "")
            if body not in bodies:
                print(archive, "another body:", side, path, body[:80], [text[:80] for text in bodies])
            elif body:
                counts["bodies"] += 1
print(*counts.values())
