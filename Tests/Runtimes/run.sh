#!/usr/bin/env bash
# Runs a container runtime beside the machine's own: run.sh docker|podman|rootless|containerd FOLDER
#
# It has mount, network and cgroup namespaces of its own and keeps its files in memory. Its pids are the machine's, and its
# socket, FOLDER/socket, is reached from everywhere. The image localhost/busybox:1 is there.
#
# "ready PID" on standard output: the runtime answers, and `nsenter --target PID --mount --net --cgroup` is where it is.
# A line on standard input starts it again after a test has ended it (FOLDER/daemon.pid). The end of standard input, or a
# signal, ends it with all containers: everything is in one cgroup, and what has no process any more is gone.
set -euo pipefail
case $#$1 in
2docker | 2podman | 2rootless | 2containerd) ;;
*) echo "usage: run.sh docker|podman|rootless|containerd FOLDER" >&2; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || { echo "run.sh: run it as root" >&2; exit 2; }

# The fence: a cgroup in every hierarchy. Below the caller's, so that limits of memory hold; cgroup2's at the top, where
# the controllers are.
fences=() unified=
while IFS=: read -r _ controllers path; do
    case $controllers in
    '') mount=/sys/fs/cgroup path='' && [ ! -d $mount/unified ] || mount+=/unified ;;
    *) mount=/sys/fs/cgroup/${controllers#name=} ;;
    esac
    [ -d "$mount${path%/}" ] || continue
    fences+=("$mount${path%/}/tapedeck-$$")
    [ -n "$controllers" ] || unified=${fences[-1]}
done </proc/self/cgroup
[ -f "$(dirname "$unified")/cgroup.procs" ] || { echo "run.sh: cgroup2 is not mounted" >&2; exit 2; }

end() {
    trap '' INT TERM HUP
    [ ! -e "$unified/cgroup.kill" ] || echo 1 >"$unified/cgroup.kill"
    wait 2>/dev/null
    for fence in "${fences[@]}"; do
        for _ in {1..500}; do
            [ -d "$fence" ] || break
            find "$fence" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.01
        done
        [ ! -d "$fence" ] || echo "run.sh: $fence stays" >&2
    done
}
trap end EXIT
trap 'exit 1' INT TERM HUP

mkdir "${fences[@]}"
for fence in "${fences[@]}"; do
    [ ! -e "$fence/cpuset.mems" ] || for file in cpus mems; do
        cat "$fence/../cpuset.$file" >"$fence/cpuset.$file"
        echo 1 >"$fence/cgroup.clone_children"
    done
done
(
    for fence in "${fences[@]}"; do echo "$BASHPID" >"$fence/cgroup.procs"; done
    exec unshare --mount --net --cgroup "$(dirname "$0")/inside.sh" "$1" "$(realpath "$2")"
) <&0 &
# It ends by ending everything in the cgroup.
wait $! 2>/dev/null || [ $? = 137 ]
