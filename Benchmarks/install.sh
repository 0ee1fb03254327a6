#!/usr/bin/env bash
# Installs, where they are missing, the Debian packages of a part of the benchmarks: install.sh inputs|mixed|peers
set -euo pipefail

case ${1:-} in
    inputs) packages=(tcpdump nginx-light wrk apache2-utils ethtool iproute2 python3) ;;
    mixed)
        packages=(redis-server redis-tools postgresql postgresql-client postgresql-contrib mariadb-server mariadb-client
            memcached libmemcached-tools nats-server rabbitmq-server python3-venv)
        ;;
    peers) packages=(tcpdump tshark libndpi-bin gcc libc6-dev libpcap-dev python3) ;;
    *)
        echo "usage: install.sh inputs|mixed|peers" >&2
        exit 2
        ;;
esac

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
    echo "missing: ${missing[*]} (as root: apt-get install ${missing[*]})" >&2
    exit 1
fi
echo "installing ${missing[*]}"
# A server that Debian starts after installing would sit on the port that ours needs only outside the namespace,
# but it would also use this machine: policy-rc.d keeps it down.
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends "${missing[@]}"
