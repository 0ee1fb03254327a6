#!/usr/bin/env bash
# Installs, where they are missing, the Debian packages of a part of the benchmarks: install.sh inputs|mixed|peers|live|hosts
set -euo pipefail

part=${1:-}
case $part in
    inputs) packages=(tcpdump nginx wrk apache2-utils nghttp2-client ethtool iproute2 procps python3) ;;
    mixed)
        packages=(redis-server redis-tools postgresql postgresql-contrib mariadb-server mariadb-client memcached
            libmemcached-tools nats-server rabbitmq-server python3-venv)
        ;;
    peers) packages=(gcc libc6-dev libpcap-dev python3 tcpdump tshark libndpi-bin suricata) ;;
    live) packages=(nginx wrk nghttp2-client nats-server curl tcpdump strace iproute2 util-linux gcc libc6-dev python3) ;;
    hosts) packages=(nginx wrk tcpdump iproute2 util-linux nats-server python3) ;;
    *)
        echo "usage: install.sh inputs|mixed|peers|live|hosts" >&2
        exit 2
        ;;
esac

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
missing=()
for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

# A missing peer is reported as absent; without the rest there is nothing to measure.
if [ "$(id -u)" != 0 ]; then
    echo "install.sh: missing: ${missing[*]} (as root: Benchmarks/install.sh $part)" >&2
    [ "$part" = peers ] && exit 0 || exit 1
fi

# Debian starts a server as soon as it is installed; only its files are wanted.
policy=/usr/sbin/policy-rc.d
folder=$(mktemp -d)
trap 'rm -rf "$folder"; [ ! -e "$folder.policy" ] || rm -f "$policy" "$folder.policy"' EXIT
if [ ! -e $policy ]; then
    touch "$folder.policy"
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
fi

apt() { DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 "$@"; }
install() { apt install -y --no-install-recommends "$@" >"$folder/log" 2>&1; }

# Debian 12 has Suricata in its backports only. They are named for this one installation, and not in /etc/apt.
install_from_backports() {
    local release mirror
    release=$(. /etc/os-release && echo "$VERSION_CODENAME-backports")
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' "Created-By: Packages" |
        awk -v "release=${release%-backports}" '$2 == release { print $1; exit }')
    [ -n "$mirror" ] || return 1
    mkdir -p "$folder/lists/partial" "$folder/archives/partial"
    chmod 755 "$folder"
    cp /etc/apt/sources.list.d/*.{list,sources} "$folder" 2>/dev/null || true
    echo "deb $mirror $release main" >"$folder/backports.list"
    local sources=(-o "Dir::Etc::sourceparts=$folder" -o "Dir::State::lists=$folder/lists" -o "Dir::Cache=$folder")
    apt "${sources[@]}" update >"$folder/log" 2>&1 &&
        install "${sources[@]}" -t "$release" "$1"
}

echo "install.sh: installing ${missing[*]}"
apt update >"$folder/log" 2>&1 || true
if [ "$part" != peers ]; then
    install "${missing[@]}" || {
        tail -5 "$folder/log" >&2
        exit 1
    }
    exit 0
fi
for package in "${missing[@]}"; do
    install "$package" || install_from_backports "$package" ||
        echo "install.sh: $package could not be installed: $(grep -m1 '^E:' "$folder/log" || tail -1 "$folder/log")"
done
