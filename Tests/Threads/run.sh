#!/usr/bin/env bash
# Runs under the thread sanitizer what has threads of its own: what reads ahead of a capture, what asks a container
# runtime, and what sends tapes and telemetry. Builds in .build-tsan; a race is printed, and fails.
set -euo pipefail
cd "$(dirname "$0")/../.."

tests='reading ahead changes nothing|gzip gives the same, in pieces and ahead|A container watch|A shipper|The sender of telemetry'
folder=.build-tsan

TAPEDECK_THREADS=1 .ci/swift build --disable-default-traits --build-tests --sanitize=thread --scratch-path "$folder"
.ci/swift --run clang -Wall -Werror -O1 -fno-optimize-sibling-calls -shared -fPIC Tests/Threads/mutex.c -o "$folder/mutex.so"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
LD_PRELOAD=$PWD/$folder/mutex.so "$folder/debug/tapedeckPackageTests.xctest" --testing-library swift-testing \
    --filter "$tests" 2>&1 | tee "$log"
# No test of such a name any more would be no failure.
for name in "reading ahead changes nothing" "gzip gives the same" "misses nothing that happens while it lists" "sends while more comes" \
    "is given copies beside the capture"; do
    grep -q "Test \"$name.* passed" "$log" || {
        echo "run.sh: \"$name\" did not run" >&2
        exit 1
    }
done
