#!/usr/bin/env bash
# Records the benchmarks' inputs from real servers and load generators, in a network namespace of their own.
#
#   Benchmarks/make-inputs.sh [http] [http-big] [many-conns] [mixed] [h2]     default: http many-conns mixed h2
#
# What is already there is kept; FORCE=1 records it anew. Needs root, for the namespace and tcpdump.
# BENCH_DIR     where the captures go                      /tmp/tapedeck-bench
# HTTP_BYTES, HTTP_BIG_BYTES, MIXED_BYTES, MANY_CONNS      500000000, 2000000000, 500000000, 220000
# H2_BYTES                                                 500000000

set -euo pipefail
cd "$(dirname "$0")"

BENCH_DIR=${BENCH_DIR:-/tmp/tapedeck-bench}
HTTP_BYTES=${HTTP_BYTES:-500000000}
HTTP_BIG_BYTES=${HTTP_BIG_BYTES:-2000000000}
MIXED_BYTES=${MIXED_BYTES:-500000000}
MANY_CONNS=${MANY_CONNS:-220000}
H2_BYTES=${H2_BYTES:-500000000}
SLICE_BYTES=100000000

say() { echo "make-inputs: $*"; }
fail() {
    echo "make-inputs: $*" >&2
    exit 1
}

WORKLOAD=$PWD/workload
HTTP_PORTS="tcp port 8080 or tcp port 8081 or tcp port 8082"
. workload/namespace.sh

head_of() { python3 tools/pcap-head.py "$BENCH_DIR/$1" "$BENCH_DIR/$2" "$3"; }

start_nginx() {
    python3 "$WORKLOAD/site.py" "$RUN/www"
    chmod -R a+rX "$RUN"
    sed "s|@RUN@|$RUN|g" "$WORKLOAD/nginx.conf" >"$RUN/nginx.conf"
    serve nginx nginx -p "$RUN" -e "$RUN/nginx-error.log" -c "$RUN/nginx.conf"
    wait_for_port 8080
}

# wrk in runs of two seconds with another seed and another number of connections each, until BYTES are recorded.
record_http() { # NAME BYTES
    local name=$1 bytes=$2 round connections=(8 16 32 64 4 48)
    namespace_up
    start_nginx
    record "$BENCH_DIR/$name.raw" "$HTTP_PORTS"
    for round in $(seq 0 99); do
        [ "$(recorded_bytes)" -lt "$bytes" ] || break
        SEED=$round BIGPCT=1 inside wrk -t1 -c"${connections[round % 6]}" -d2s -s "$WORKLOAD/mix.lua" \
            http://127.0.0.1:8080/ >>"$RUN/wrk.log" 2>&1
    done
    stop_recording
    namespace_down
    head_of "$name.raw" "$name.pcap" "$bytes"
    rm -f "$BENCH_DIR/$name.raw"
}

http() {
    record_http http "$HTTP_BYTES"
    head_of http.pcap http-100M.pcap "$SLICE_BYTES"
}

http_big() {
    record_http http-big "$HTTP_BIG_BYTES"
}

# One request a connection: what a connection costs, and what is kept of those that are closed.
many_conns() {
    namespace_up
    start_nginx
    record "$BENCH_DIR/many-conns.raw" "$HTTP_PORTS"
    local path
    for path in /static/u7.json /static/u20.json /healthz /static/u101.json; do
        inside ab -q -n $((MANY_CONNS / 4)) -c 40 -H 'Accept: application/json' "http://127.0.0.1:8080$path" \
            >>"$RUN/ab.log" 2>&1
    done
    stop_recording
    namespace_down
    mv "$BENCH_DIR/many-conns.raw" "$BENCH_DIR/many-conns.pcap"
    head_of many-conns.pcap many-conns-100M.pcap "$SLICE_BYTES"
}

mixed() {
    . workload/mixed.sh
    record_mixed "$MIXED_BYTES"
    head_of mixed.pcap mixed-100M.pcap "$SLICE_BYTES"
}

# HTTP/2 in plain text, ten streams at a time on each connection: half of it bodies of 4 kB, half of 200 bytes.
h2() {
    namespace_up
    start_nginx
    record "$BENCH_DIR/h2.raw" "tcp port 8083"
    local round size requests connections=(4 16 8 32)
    for round in $(seq 0 99); do
        [ "$(recorded_bytes)" -lt "$H2_BYTES" ] || break
        # As many of each as make about the same number of bytes on the wire.
        for size in 4000 200; do
            requests=$((size == 200 ? 70000 : 5500))
            inside h2load -n "$requests" -c "${connections[round % 4]}" -m 10 \
                -H 'accept: application/json' "http://127.0.0.1:8083/static/h2-$size.json" >>"$RUN/h2load.log" 2>&1
        done
    done
    stop_recording
    namespace_down
    head_of h2.raw h2.pcap "$H2_BYTES"
    rm -f "$BENCH_DIR/h2.raw"
    head_of h2.pcap h2-100M.pcap "$SLICE_BYTES"
}

[ $# -gt 0 ] || set -- http many-conns mixed h2
wanted=()
for input in "$@"; do
    case $input in
        http | http-big | many-conns | mixed | h2) ;;
        *) fail "unknown input: $input (the top of this file names them)" ;;
    esac
    if [ -s "$BENCH_DIR/$input.pcap" ] && [ "${FORCE:-0}" != 1 ]; then
        say "$input.pcap is there"
    else
        wanted+=("$input")
    fi
done
[ ${#wanted[@]} -gt 0 ] || exit 0
[ "$(id -u)" = 0 ] || fail "recording needs root: sudo make bench, or sudo Benchmarks/make-inputs.sh"
./install.sh inputs

mkdir -p "$BENCH_DIR"
# Only what a run that failed leaves in here, for its logs, survives.
RUN=$(mktemp -d "$BENCH_DIR/run.XXXXXX")
trap 'namespace_down; rm -f "$BENCH_DIR"/*.raw' EXIT
for input in "${wanted[@]}"; do
    say "recording $input.pcap"
    "${input//-/_}"
done
rm -rf "$RUN"
