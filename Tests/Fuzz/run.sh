#!/usr/bin/env bash
# Fuzzes one target with libFuzzer, from the fixtures on: run.sh TARGET SECONDS; run.sh TARGET --runs N for N inputs that
# are the same each time (CI: SeededRuns.swift says why); run.sh TARGET FILE… for inputs that broke it; run.sh --build.
# Builds first what has changed. The corpus and what broke stay in .build/fuzz/TARGET.
set -euo pipefail
cd "$(dirname "$0")/../.."

targets=(codecs detectors http http2 json pcapng replay state tls trace websocket)
target=${1:-}
if [ "$target" != --build ] && { [ $# -lt 2 ] || [[ " ${targets[*]} " != *" $target "* ]]; }; then
    echo "usage: Tests/Fuzz/run.sh TARGET SECONDS|--runs N|FILE…, TARGET one of ${targets[*]}" >&2
    exit 2
fi
shift

folder=.build/fuzz
mkdir -p "$folder"

# One builds at a time; who comes later finds it done.
exec 9>"$folder/lock"
flock 9

.ci/setup
mapfile -t shared < <(find Sources/Shared -name '*.swift' \
    -not -path '*/Collector/*' -not -path '*/Command/*' -not -path '*/Console/*' -not -path '*/Containers/*' -not -path '*/Digest/*' -not -path '*/Shipping/*' | sort)
mapfile -t console < <(find Sources/Shared/Console -name '*.swift' | sort)
mapfile -t digest < <(find Sources/Shared/Digest -name '*.swift' | sort)
mapfile -t fuzzed < <(find Sources/Replay/{Capture,Flows,Packets} Tests/Fuzz -name '*.swift' | sort)
tests=Tests/SharedTests
fuzzed+=("$tests"/Support/{CodedBodies,HTTP2Frames,SeededRandom,TapeBuilder,TapeResult,TLSRecords,WebSocketFrames}.swift)
fuzzed+=("$tests"/Schema/ReferenceJSON.swift "$tests"/Trace/TraceSamples.swift)

# Optimised: it compiles in a minute or two, and runs many times as fast.
# Asserts stay: what is fuzzed is to stop at a fault that a release reads over.
options=("-sanitize=fuzzer,address" -parse-as-library -O -wmo -assert-config Debug -enable-testing)
options+=(-swift-version 6 -package-name tapedeck -I "$folder")
options+=(-I Sources/Shared/CCodecs -I Sources/Shared/CCrypto -I Sources/Shared/CNghttp2 -I Sources/Replay/CLibpcap -I Sources/Shared/Digest/CNettle)
options+=(-enable-experimental-feature Lifetimes)
for feature in ExistentialAny MemberImportVisibility InternalImportsByDefault; do
    options+=(-enable-upcoming-feature "$feature")
done

compile() { # MODULE SOURCE…
    local name=$1
    shift
    .ci/swift --run swiftc "${options[@]}" -module-name "$name" -emit-module \
        -emit-module-path "$folder/$name.swiftmodule" -c "$@" -o "$folder/$name.o"
}
program=$folder/fuzzing
sources=("${shared[@]}" "${console[@]}" "${digest[@]}" "${fuzzed[@]}" Tests/Fuzz/run.sh)
if [ ! -e "$program" ] || [ -n "$(find "${sources[@]}" -newer "$program" -print -quit)" ]; then
    echo "run.sh: compiling" >&2
    compile Shared "${shared[@]}"
    compile Console "${console[@]}"
    compile Digest "${digest[@]}"
    compile Fuzzing "${fuzzed[@]}"
    .ci/swift --run swiftc -sanitize=fuzzer,address "$folder"/{Shared,Console,Digest,Fuzzing}.o -lpcap -o "$program.new"
    mv "$program.new" "$program" # One that runs is not written over.
fi
exec 9>&-
[ "$target" != --build ] || exit 0

# Swift's own backtrace of a crash hangs under the sanitizer.
export SWIFT_BACKTRACE=enable=no FUZZ_TARGET=$target
if [ -e "$1" ]; then
    exec "$program" "$@"
fi
corpus=$folder/$target
mkdir -p "$corpus/found" "$corpus/seeds"
if [ "$1" = --runs ]; then
    # As libFuzzer's own options: asserted, with addresses checked, and leaks left to it.
    FUZZ_RUNS=$2 FUZZ_RUNNING=$corpus/broke ASAN_OPTIONS=detect_leaks=0 exec nice -n 10 "$program"
fi
FUZZ_SEEDS=$corpus/seeds exec nice -n 10 "$program" "-max_total_time=$1" -timeout=20 -rss_limit_mb=4096 \
    -print_final_stats=1 -artifact_prefix="$corpus/" "$corpus/found" "$corpus/seeds"
