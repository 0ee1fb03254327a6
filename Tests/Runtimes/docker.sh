# dockerd; sourced by inside.sh.
# shellcheck shell=bash disable=SC2154
prepare() { :; }
serve() {
    # A killed dockerd takes its containerd with it, and leaves the files that say they run.
    rm -f /var/run/docker.pid /var/run/docker/containerd/containerd.pid
    exec dockerd --host "unix://$socket" --storage-driver overlay2
}
answers() { curl -sf --unix-socket "$socket" http://localhost/_ping; }
load() { docker --host "unix://$socket" load --quiet --input "$1"; }
