#!/usr/bin/env bash
# What `make demo` shows: the best of it, from captures that are in the repository, without root. demo/show.sh REPLAY
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
REPLAY=$(realpath "$1")
shop=(Fixtures/demo/shop/input.pcap --names Fixtures/demo/shop/names)
started=$SECONDS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' plain=$'\e[0m'; fi
headline() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
# A JSON object a line, a member a line.
members() { python3 -c 'import json, sys
for line in sys.stdin:
    for name, value in json.loads(line).items():
        if name in sys.argv[1:]: print(f"    {name:12} {value if isinstance(value, str) else json.dumps(value)}")
    print()' "$@"; }

headline "1. A capture of a small shop: four services, six stores. Who talks to whom, and what became of every byte"
"$REPLAY" "${shop[@]}"

headline "2. The event log has each message; here an order and its answer"
"$REPLAY" "${shop[@]}" --quiet --output "$work/events.jsonl" --service-map "$work/map.yaml"
exchange=$(grep -m1 '"method":"POST","url":"/orders","body"' "$work/events.jsonl" | sed -E 's/.*"exchange":([0-9]+).*/\1/')
grep "\"exchange\":${exchange}[,}]" "$work/events.jsonl" |
    members timestamp service peer method url status_code duration_ms body

headline "3. The map has types and no values: one endpoint of orders, as YAML, with its latencies"
awk '/^  - name: mailer/ { on = 1 } on && /path: \/orders\/\{orderId\}$/ { found = 1; print "      …" }
    found && /^      - destination/ { exit } found { print }' "$work/map.yaml"

headline "4. Statements without their values, with tables, rows and errors: another capture, of PostgreSQL"
"$REPLAY" Fixtures/postgres/operations/input.pcap --quiet --output "$work/operations.jsonl"
for wanted in '"operation":"INSERT"' '"operation":"UPDATE"' '"status":"error"'; do
    grep -m1 "\"event_type\":\"operation\".*$wanted" "$work/operations.jsonl"
done | members statement targets status code rows affected duration_ms

headline "5. What is missing is said, and not guessed: packets were taken out of this capture (exit status 1)"
"$REPLAY" Fixtures/http/capture-loss/input.pcap | grep -E 'HTTP|parsed|gap|Lost|GET' || true

headline "6. The same tape gives the same bytes, as often as it is read"
for threads in 1 2; do
    "$REPLAY" "${shop[@]}" --quiet --threads $threads --output - --service-map "$work/again.yaml" |
        cat - "$work/again.yaml" | sha256sum | sed "s/-$/ threads: $threads/; s/^/    /"
done

headline "All of it in $((SECONDS - started)) s. Now your own traffic (docs/first-steps.md installs it):"
cat <<'TEXT'
    sudo tapedeck profiler run --record run.tape -- curl http://127.0.0.1:8080/     # live
    tapedeck replay capture.pcap                                                   # a capture that you have
    sudo make demo-live                                                            # a stack of services, and a grade
TEXT
