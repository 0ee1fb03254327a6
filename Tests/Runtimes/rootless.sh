# Podman's API service of a user who is not root; sourced by inside.sh.
# shellcheck shell=bash disable=SC2154
# shellcheck source=Tests/Runtimes/podman.sh
. "$here/podman.sh"
home=/run/tapedeck/home

prepare() {
    configure
    echo 'rootless:x:2000:2000::/:/bin/sh' >>/etc/passwd
    echo 'rootless:200000:65536' | tee /etc/subuid >/etc/subgid
    # Cgroups are a user's only where there is cgroup2 alone.
    umount -R /sys/fs/cgroup
    cgroups=/sys/fs/cgroup
    mount -t cgroup2 cgroup2 $cgroups
    mkdir -p $cgroups/user/service $home/run
    chmod a+x /run/tapedeck
    chown -R 2000:2000 $cgroups/user $home "$folder"
    # slirp4netns opens it; the machine's is for root alone.
    mount -t tmpfs tmpfs /dev/net
    mknod -m 666 /dev/net/tun c 10 200
}
as_user() {
    echo "$BASHPID" >"$cgroups/user/service/cgroup.procs"
    exec setpriv --reuid 2000 --regid 2000 --clear-groups env -C / HOME=$home XDG_RUNTIME_DIR=$home/run "$@"
}
serve() { as_user podman system service --time 0 "unix://$socket"; }
load() { (as_user podman load --quiet --input "$1"); }
