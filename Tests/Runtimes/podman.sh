# Podman's API service; sourced by inside.sh.
# shellcheck shell=bash disable=SC2154
configure() {
    mkdir -p /etc/containers
    # Its own limits are higher than a machine without CAP_SYS_RESOURCE may set; no systemd, no journal.
    cat >/etc/containers/containers.conf <<TOML
[containers]
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=1024:1024"]
log_driver = "k8s-file"
pids_limit = 0
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[network]
network_backend = "netavark"
TOML
}
prepare() {
    configure
    printf '[storage]\ndriver = "overlay"\ngraphroot = "/var/lib/containers/storage"\nrunroot = "/run/containers/storage"\n' \
        >/etc/containers/storage.conf
}
serve() { exec podman system service --time 0 "unix://$socket"; }
answers() { curl -sf --unix-socket "$socket" http://localhost/_ping; }
load() { podman load --quiet --input "$1"; }
