#!/usr/bin/env bash
# The .deb and the tar.gz, as who has never seen them would take them: lintian finds no error, and on a fresh Debian
# (debootstrap) three commands show the first own exchange; removed and purged, nothing is left. Needs root.
# shellcheck disable=SC2016
set -euo pipefail
cd "$(dirname "$0")/../.."
packages=$PWD/.build-package
# It is kept, and each run works on a layer above it.
base=${TAPEDECK_DEBIAN_ROOT:-/var/tmp/tapedeck-bookworm}
work=$(mktemp -d)
if [ "${1:-}" != inside ]; then
    lintian --fail-on error --tag-display-limit 0 "$packages"/*.deb || {
        echo "WRONG: lintian"
        exit 1
    }
    Tests/Package/prepare.sh debian
    rm -rf "$work"
    # Mounts of its own, which end with it.
    exec unshare --mount "$0" inside
fi
trap 'umount -R "$work" 2>/dev/null; rm -rf "$work"' EXIT
mount --make-rprivate /
mount -t tmpfs tmpfs "$work"
mkdir "$work"/{above,hidden,root}
root=$work/root
mount -t overlay overlay -o "lowerdir=$base,upperdir=$work/above,workdir=$work/hidden" "$root"
for folder in proc sys dev; do mount --rbind /$folder "$root/$folder"; done
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/hosts "$root/etc/hosts"
mkdir "$root/packages"
cp "$packages"/*.deb "$packages"/*.tar.gz "$root/packages"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
in_root() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }
files() { in_root find /bin /sbin /etc /lib/systemd /usr/bin /usr/sbin /usr/libexec /usr/share /usr/lib/systemd /var/log -xdev -not -path '/usr/share/doc/lib*' 2>/dev/null | sort; }
wrong() {
    echo "WRONG: $*"
    exit 1
}

in_root apt-get update -qq
# What it depends on stays when it goes, and is there before.
in_root sh -c 'apt-get install -qq -y --no-install-recommends $(dpkg-deb -f /packages/tapedeck_*.deb Depends | sed "s/([^)]*)//g; s/,/ /g")' >/dev/null 2>&1
files >"$work/before"

echo "--- 1: apt-get install ./tapedeck_….deb"
in_root sh -c 'cd /packages && apt-get install -qq -y ./tapedeck_*.deb' >"$work/log" 2>&1 || {
    cat "$work/log"
    wrong "apt-get install"
}
in_root dpkg -l tapedeck | grep '^ii'
! in_root tapedeck traffic 2>"$work/said" || wrong "traffic is there"
grep -q 'tapedeck-demo' "$work/said" || wrong "who asks for traffic is not told of tapedeck-demo"
if [ "${TAPEDECK_SKIP_LIVE:-}" != 1 ]; then
    echo "--- 2: tapedeck profiler run --record run.tape -- apt-get download hello"
    in_root sh -c 'cd /tmp && tapedeck profiler run --record run.tape -- apt-get download -qq hello' >"$work/live" 2>&1 ||
        { cat "$work/live"; wrong "profiler run"; }
    cat "$work/live"
    echo "--- 3: tapedeck replay run.tape"
    in_root sh -c 'cd /tmp && tapedeck replay run.tape' >"$work/replayed" 2>&1 || { cat "$work/replayed"; wrong "replay"; }
    cat "$work/replayed"
    grep -Eq 'GET +/debian/pool/main/h/hello/' "$work/replayed" || wrong "the exchange is not on the screen"
fi
! in_root ldd /usr/libexec/tapedeck/replay | grep 'not found' || wrong "libraries are missing"
in_root sh -c 'cd /packages && apt-get install -qq -y ./tapedeck-demo_*.deb' >"$work/log" 2>&1 || {
    cat "$work/log"
    wrong "apt-get install tapedeck-demo"
}
in_root tapedeck traffic --version
in_root tapedeck demo-server --version

# What the run above has written is its user's.
echo "--- removed, and purged"
in_root apt-get purge -qq -y tapedeck tapedeck-demo >"$work/log" 2>&1 || {
    cat "$work/log"
    wrong "apt-get purge"
}
in_root apt-get autoremove -qq -y --purge >/dev/null 2>&1 || true
files | comm -13 "$work/before" - | grep -v '^/var/log/apt\|^/var/log/dpkg\|^/var/log/ebpf_http_\|/usr/share/doc/' >"$work/left" || true
[ ! -s "$work/left" ] || wrong "left behind: $(cat "$work/left")"

echo "--- the tar.gz, on a root without its libraries"
in_root sh -c 'apt-get purge -qq -y libpcap0.8 libnghttp2-14 libbrotli1 libsqlite3-0 libyaml-0-2 >/dev/null 2>&1; tar -C /opt -xzf /packages/*.tar.gz && mv /opt/tapedeck-* /opt/tapedeck
    /opt/tapedeck/bin/tapedeck --version && /opt/tapedeck/bin/traffic --version && /opt/tapedeck/sbin/profiler --version'
in_root sh -c 'for program in /opt/tapedeck/libexec/tapedeck/*; do ldd $program; done' | grep 'not found' && wrong "libraries"
du -sh --apparent-size "$root/opt/tapedeck" "$packages"/*.deb "$packages"/*.tar.gz | sed "s|$packages/||; s|$root||"
