"""Holds fragments of compose files against the Compose Specification's schema, by check-jsonschema, and looks for circles in them.

Arguments: fragments. Prints a line for whatever is wrong, and at the end how many dependencies there were. That the oracle can say no, it
proves first.
"""
import subprocess
import sys
import tempfile
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import yaml

dependencies = 0


def check(files):
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", *files],
        capture_output=True, text=True)


with tempfile.TemporaryDirectory() as folder:
    wrong = Path(folder) / "compose.yaml"
    wrong.write_text("services: {a: {depends_on: {b: {condition: service_runs}}}}")
    assert "service_runs" in check([wrong]).stdout

outcome = check(sys.argv[1:])
if outcome.returncode != 0:
    print(outcome.stdout, outcome.stderr)
for name in sys.argv[1:]:
    services = yaml.safe_load(Path(name).read_text())["services"]
    graph = {service: set(fields["depends_on"]) for service, fields in services.items()}
    if any(set(fields) != {"depends_on"} for fields in services.values()):
        print(name, "has more than dependencies")
    dependencies += sum(map(len, graph.values()))
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        print(name, error)
print(dependencies)
