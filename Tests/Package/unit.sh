#!/usr/bin/env bash
# The service as systemd runs it: a manager of our own (`systemd --user`, as root) starts the unit with all its
# restrictions. It must capture with them, open its files anew at reload, be started again where it hangs, and end well.
# unit.sh FOLDER: an installation (the folder that was DESTDIR, with PREFIX=/usr/local), not in /tmp: the unit has its own.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$(realpath "$1")
if [ "${TAPEDECK_SKIP_LIVE:-}" = 1 ]; then
    echo "TAPEDECK_SKIP_LIVE=1: the service was not run"
    exit
fi
if [ -z "${UNIT_WORK:-}" ]; then
    UNIT_WORK=$(mktemp -d "$PWD/.build/unit.XXXXXX")
    export UNIT_WORK
    status=0
    # The manager asks whether systemd has booted the machine: it sees a /run/systemd of its own.
    unshare --mount "$0" "$root" || status=$?
    rm -rf "$UNIT_WORK"
    find /sys/fs/cgroup/{systemd,unified,}/"${UNIT_WORK##*/}" -depth -type d -exec rmdir {} + 2>/dev/null || true
    exit $status
fi
work=$UNIT_WORK
mount --make-rprivate /
mkdir -p /run/systemd
mount -t tmpfs tmpfs /run/systemd
mkdir /run/systemd/system
# What it covers up files with that a service is not to see; made at boot.
mkdir /run/systemd/inaccessible
(
    cd /run/systemd/inaccessible
    mkdir -m 0 dir
    install -m 0 /dev/null reg
    mkfifo -m 0 fifo
    mknod -m 0 chr c 0 0
    mknod -m 0 blk b 0 0
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")'
)
for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
    [ -e $hierarchy/cgroup.procs ] || continue
    mkdir -p "$hierarchy/${work##*/}"
    echo $$ >"$hierarchy/${work##*/}/cgroup.procs"
done
mkdir -p "$work"/{run,config/systemd/user,server}
chmod 700 "$work/run"
export HOME=$work XDG_RUNTIME_DIR=$work/run XDG_CONFIG_HOME=$work/config
unset DBUS_SESSION_BUS_ADDRESS
logs=$work/config/log/tapedeck
# The manager of a user has its folder for sockets elsewhere.
sed "s|/var/log/tapedeck|$logs|; s|/run/tapedeck|$work/run/tapedeck|" "$root/etc/tapedeck/profiler.env" >"$work/profiler.env"
echo "ADI_PROFILE_ALLOWED=unit-$$" >>"$work/profiler.env"
# Only where things are, and how long it may be silent.
sed "s|/usr/local/libexec|$root/usr/local/libexec|; s|^EnvironmentFile=.*|EnvironmentFile=$work/profiler.env|
    s|^WatchdogSec=.*|WatchdogSec=2|; s|^RestartSec=.*|RestartSec=0|; /^\[Service\]/a StandardError=append:$work/said" \
    "$root/usr/local/lib/systemd/system/tapedeck-profiler.service" >"$work/config/systemd/user/tapedeck-profiler.service"
env -i PATH="$PATH" HOME="$HOME" XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" XDG_CONFIG_HOME="$XDG_CONFIG_HOME" \
    /lib/systemd/systemd --user --log-target=null --unit=basic.target >"$work/manager" 2>&1 &
manager=$!
python3 Tests/Docs/server.py 18472 &
server=$!
end() {
    systemctl --user stop tapedeck-profiler 2>/dev/null || true
    kill -TERM $server 2>/dev/null || true
    # SIGTERM to a user's manager: exit.target.
    kill -TERM $manager 2>/dev/null || true
    wait $manager $server 2>/dev/null || true
}
trap end EXIT
wrong() {
    echo "WRONG: $*"
    systemctl --user --no-pager --full status tapedeck-profiler || true
    cat "$work/said" || true
    exit 1
}
property() { systemctl --user show -P "$1" tapedeck-profiler; }
eventually() { # WHAT COMMAND…
    local what=$1
    shift
    for _ in $(seq 200); do
        if "$@"; then return; fi
        sleep 0.05
    done
    wrong "$what"
}
manager_is_there() { systemctl --user is-active -q basic.target 2>/dev/null; }
ask() { ADI_PROFILE=unit-$$ ADI_PROFILE_NAME=shop curl -sf -o /dev/null "http://127.0.0.1:18472/orders/$1"; }

eventually "the manager does not start" manager_is_there
# Those that docs/troubleshooting.md names, and their like.
before=$(property Before)
for unit in {nginx,apache2,haproxy,postgresql,redis-server,mariadb,mysql,memcached,rabbitmq-server,nats-server}.service \
    system-postgresql.slice; do
    [[ " $before " == *" $unit "* ]] || wrong "$unit may start before it"
done
systemctl --user start tapedeck-profiler || wrong "it does not start"
[ "$(property ActiveState)/$(property SubState)" = active/running ] || wrong "it is $(property ActiveState)"

pid=$(property MainPID)
# CAP_DAC_READ_SEARCH 2, CAP_SYS_PTRACE 19, CAP_PERFMON 38, CAP_BPF 39.
[ "$(awk '/^CapEff/ { print $2 }' "/proc/$pid/status")" = 000000c000080004 ] || wrong "$(grep Cap "/proc/$pid/status")"
grep -q '^Seccomp:	2' "/proc/$pid/status" || wrong "no system call is filtered"
grep -q '^NoNewPrivs:	1' "/proc/$pid/status" || wrong "it may get new rights"

eventually "the server does not listen" curl -sf -o /dev/null http://127.0.0.1:18472/
ask 17
eventually "the log has no request" grep -q '"url":"/orders/17"' "$logs/events.jsonl"
eventually "the map has no path" grep -q 'path: /orders/{orderId}' "$logs/map.yaml"
[ "$(stat -c %a "$logs" "$logs/events.jsonl" "$logs/map.yaml" | paste -sd ' ')" = "700 600 600" ] || wrong "others may read"
says_requests() { [[ $(property StatusText) == "watching; "[1-9]*" requests, 0 operations, nothing lost" ]]; }
eventually "its status is: $(property StatusText)" says_requests
status() { "$root/usr/local/libexec/tapedeck/profiler" status --status-socket "$work/run/tapedeck/profiler.sock" "$@"; }
[ "$(status --json | jq -r '"\(.pid) \(.complete) \(.files.event_log.path)"')" = "$pid true $logs/events.jsonl" ] ||
    wrong "it answers $(status --json)"
[ "$(stat -c %a "$work/run/tapedeck" "$work/run/tapedeck/profiler.sock" | paste -sd ' ')" = "700 600" ] || wrong "others may ask"

mv "$logs/events.jsonl" "$logs/events.jsonl.old"
systemctl --user reload tapedeck-profiler || wrong "reload"
[ "$(property MainPID)" = "$pid" ] || wrong "reload starts another"
# systemctl waits for the signal to be sent, not for what it does; until the file is there anew all goes into the old one.
eventually "no new log" test -e "$logs/events.jsonl"
ask 18
eventually "the new log has no request" grep -q '"url":"/orders/18"' "$logs/events.jsonl"

# Who hangs is ended and started again.
kill -STOP "$pid"
# In this order: between two questions the old one may go, which was running, too.
is_anew() { [[ $(property MainPID) != @(0|"$pid") ]] && [ "$(property SubState)" = running ]; }
eventually "it hangs, and nobody minds" is_anew
[ "$(property NRestarts)" = 1 ] || wrong "it was started again $(property NRestarts) times"
ask 19
eventually "no request after the restart" grep -qs '"url":"/orders/19"' "$logs/events.jsonl"
grep -q '"url":"/orders/18"' "$logs/events.jsonl" || wrong "the restart has written over the log"

systemctl --user stop tapedeck-profiler
[ "$(property ActiveState)/$(property Result)" = inactive/success ] || wrong "it ends $(property Result)"
echo "the service captures with its restrictions, reloads, and is started again"
