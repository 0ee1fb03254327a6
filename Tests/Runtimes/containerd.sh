# containerd, with a bridge for `ctr run --cni`; sourced by inside.sh.
# shellcheck shell=bash disable=SC2154
prepare() {
    # Where ctr looks; Debian's plugins are elsewhere.
    mkdir -p /opt/cni /etc/cni/net.d /etc/containerd
    [ -e /opt/cni/bin ] || ln -s /usr/lib/cni /opt/cni/bin
    rm -f /etc/cni/net.d/*
    cat >/etc/cni/net.d/10-bridge.conflist <<'JSON'
{"cniVersion": "0.4.0", "name": "bridge", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.4.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
    printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >/etc/containerd/config.toml
}
serve() { exec containerd --address "$socket" --config /etc/containerd/config.toml; }
answers() { ctr --address "$socket" version; }
load() { ctr --address "$socket" images import "$1"; }
