#!/usr/bin/env bash
# What run.sh starts in the namespaces: a machine as the runtime expects it, and the runtime.
set -euo pipefail
here=$(dirname "$(realpath "$0")") folder=$2
socket=$folder/socket
# serve: runs the daemon. answers: whether it does. load ARCHIVE: takes an image.
# shellcheck source=/dev/null
. "$here/$1.sh"

ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
cgroups=/sys/fs/cgroup
while IFS=: read -r _ controllers _; do
    [ -n "$controllers" ] || continue
    mkdir "/sys/fs/cgroup/${controllers#name=}"
    options=$controllers
    [ "${controllers#name=}" = "$controllers" ] || options=none,$controllers
    mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/${controllers#name=}"
    cgroups=/sys/fs/cgroup/unified
done </proc/self/cgroup
mkdir -p $cgroups
mount -t cgroup2 cgroup2 $cgroups
# A cgroup with controllers for its children has no processes of its own.
mkdir $cgroups/init
echo $$ >$cgroups/init/cgroup.procs

mount -t tmpfs tmpfs /var/lib
mount -t tmpfs tmpfs /run
for place in etc opt; do
    mkdir -p /run/tapedeck/$place{,.work}
    mount -t overlay -o "lowerdir=/$place,upperdir=/run/tapedeck/$place,workdir=/run/tapedeck/$place.work" overlay /$place
done
prepare

start() {
    rm -f "$socket"
    (serve) </dev/null >>"$folder/log" 2>&1 &
    echo $! >"$folder/daemon.pid"
    until answers >/dev/null 2>&1; do
        kill -0 $! 2>/dev/null || { tail "$folder/log" >&2; return 1; }
        sleep 0.02
    done
}

start
"$here/image.sh" /run/tapedeck/image.tar
load /run/tapedeck/image.tar >>"$folder/log" 2>&1
echo "ready $$"
while read -r _; do
    start
    echo "ready $$"
done
echo 1 >$cgroups/cgroup.kill
