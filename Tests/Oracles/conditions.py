"""Holds Runtime Conditions Profiles against the form that the specification gives them, by jsonschema and PyYAML.

The schema is ours (conditions.schema.json): the published files are fetched by nobody. What a schema can't say is said here:
keys and names that are there twice, paths that are none, vocabularies that are not listed.

Arguments: profiles. Prints a line for what is not valid, and at the end how many conditions there were. That the oracle can say
no, it proves first.
"""
import copy
import json
import sys
from pathlib import Path

import jsonschema
import yaml

SCHEMA = json.loads((Path(__file__).parent / "conditions.schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ROOT = "https://runtimeconditions.io/extensions/"
COMMON, ENVIRONMENT, NATS = ROOT + "common-integrations:v1alpha1", ROOT + "env-configuration:v1alpha1", ROOT + "nats/service:0.1.0"


class Loader(yaml.SafeLoader):
    """Without repeated keys."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(set(keys)) != len(keys):
            raise yaml.constructor.ConstructorError(None, None, f"a key is there twice: {keys}", node.start_mark)
        return super().construct_mapping(node, deep)


def faults(profile) -> list[str]:
    found = [f"{'/'.join(map(str, error.path))}: {error.message[:200]}" for error in VALIDATOR.iter_errors(profile)]
    if found:
        return found
    conditions, listed = profile.get("conditions", []), profile.get("extensions", [])
    names = [condition["name"] for condition in conditions if "name" in condition]
    found += [f"{name}: the name is there twice" for name in set(names) if names.count(name) > 1]
    needed = {NATS if condition["kind"] == "nats.service" else COMMON for condition in conditions}
    needed |= {ENVIRONMENT for condition in conditions if "configuration" in condition}
    if needed != set(listed):
        found.append(f"the vocabularies are {sorted(needed)}")
    order = [(c["kind"], c["interface"]["type"], c["name"]) for c in conditions]
    if order != sorted(order):
        found.append("the conditions are in no order")
    for condition in conditions:
        operations = condition["interface"].get("operations", [])
        if condition["kind"] == "api":
            asked = [(operation["path"].encode(), operation["method"]) for operation in operations]
            if asked != sorted(set(asked)):
                found.append("the operations are in no order, or there twice")
    return found


# As the text of the draft has them: valid, and not.
GOOD = {
    "apiVersion": "runtimeconditions.io/v1alpha1", "kind": "RuntimeConditionsProfile", "metadata": {"name": "a"},
    "workload": {"uri": "https://example.org/a"}, "extensions": [COMMON],
    "conditions": [{"name": "x", "kind": "datastore", "interface": {"type": "relational"}}],
}
assert faults(GOOD) == []
for path, value in [
    (("workload", "uri"), ""), (("evidence",), {}), (("extensions",), []), (("conditions", 0, "interface", "engine"), "redis"),
    (("conditions", 0, "configuration"), {"env": []}), (("conditions", 0, "evidence"), 1), (("metadata", "x"), "y"),
    (("conditions", 0, "interface"), {"type": "http"}), (("conditions", 0, "kind"), "kafka"),
    (("conditions",), GOOD["conditions"] * 2),
]:
    bad = copy.deepcopy(GOOD)
    place = bad
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert faults(bad), path
for schema, isValid in [({}, True), ([], False), ("non-json", False), (["string", "number"], False), (["string"], True)]:
    api = copy.deepcopy(GOOD)
    operation = {"method": "GET", "path": "/a", "responseSchema": schema}
    api["conditions"] = [{"name": "x", "kind": "api", "interface": {"type": "http", "operations": [operation]}}]
    assert (faults(api) == []) == isValid, schema
    operation |= {"method": "CONNECT"}
    assert faults(api)

count = 0
for path in sys.argv[1:]:
    try:
        profile = yaml.load(Path(path).read_text(), Loader)
    except yaml.YAMLError as error:
        print(f"{path}: {error}")
        continue
    for fault in faults(profile):
        print(f"{path}: {fault}")
    count += len(profile.get("conditions", []))
print(count)
