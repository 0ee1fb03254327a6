# shellcheck shell=bash
# A network namespace for the servers and their clients, and tcpdump in it (sourced by make-inputs.sh).
#
# 127.0.0.1 in there is nobody else's. The MTU is 1500 and segmentation offload is off, so that packets are an
# Ethernet's (1,514 bytes at most) and not loopback's 64 KB ones.

NAMESPACE=tapedeck-bench-$$

inside() { ip netns exec "$NAMESPACE" "$@"; }

namespace_up() {
    ip netns add "$NAMESPACE"
    inside ip link set lo mtu 1500 up
    inside ethtool -K lo tso off gso off gro off >/dev/null
    inside sysctl -qw net.ipv4.ip_local_port_range="11000 64999" net.core.somaxconn=8192
}

# Ends what still runs in the namespace (nothing but our own servers and clients does) and takes it away.
namespace_down() {
    local signal pids
    for signal in TERM KILL; do
        for _ in $(seq 1 25); do
            pids=$(ip netns pids "$NAMESPACE" 2>/dev/null) || return 0
            [ -n "$pids" ] || break 2
            # shellcheck disable=SC2086
            kill -"$signal" $pids 2>/dev/null || true
            sleep 0.2
        done
    done
    ip netns del "$NAMESPACE" 2>/dev/null || true
}

# serve NAME COMMAND…: a server in the background, its output in $RUN/NAME.log.
serve() {
    local name=$1
    shift
    ip netns exec "$NAMESPACE" "$@" >"$RUN/$name.log" 2>&1 </dev/null &
}

wait_for_port() {
    for _ in $(seq 1 300); do
        inside bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" 2>/dev/null && return 0
        sleep 0.2
    done
    fail "nothing listens on port $1 after a minute; the servers' logs are in $RUN"
}

# record FILE FILTER … stop_recording: a whole capture, or a message that the kernel dropped some of it.
record() {
    CAPTURE=$1
    ip netns exec "$NAMESPACE" tcpdump -i lo -s 0 -B 524288 -n -Z root -w "$CAPTURE" "$2" >"$RUN/tcpdump.log" 2>&1 &
    TCPDUMP=$!
    for _ in $(seq 1 100); do
        grep -q 'listening on' "$RUN/tcpdump.log" && break
        sleep 0.1
    done
    grep -q 'listening on' "$RUN/tcpdump.log" || fail "tcpdump did not start: $(tail -1 "$RUN/tcpdump.log")"
    sleep 0.3
}

recorded_bytes() { stat -c %s "$CAPTURE" 2>/dev/null || echo 0; }

stop_recording() {
    sleep 2
    kill -TERM "$TCPDUMP"
    wait "$TCPDUMP" || true
    say "$(basename "$CAPTURE"): $(recorded_bytes) bytes," \
        "$(grep -E 'captured|dropped by kernel' "$RUN/tcpdump.log" | paste -sd,)"
}
