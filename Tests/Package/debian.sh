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
# What it depends on or recommends stays when it goes, and is there before.
in_root sh -c 'apt-get install -qq -y --no-install-recommends $(for field in Depends Recommends; do
    dpkg-deb -f /packages/tapedeck_*.deb $field; done | sed "s/([^)]*)//g; s/,/ /g")' >/dev/null 2>&1
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
    # The command is started through the profiler itself, which knows the names of TLS secrets and has none.
    in_root sh -c 'cd /tmp && tapedeck profiler run -- true' >"$work/live" 2>&1 || { cat "$work/live"; wrong "profiler run"; }
    ! grep TLS "$work/live" || wrong "a program without TLS is told of its secrets"
fi
! in_root ldd /usr/libexec/tapedeck/replay | grep 'not found' || wrong "libraries are missing"
in_root sh -c 'cd /packages && apt-get install -qq -y ./tapedeck-demo_*.deb' >"$work/log" 2>&1 || {
    cat "$work/log"
    wrong "apt-get install tapedeck-demo"
}
in_root tapedeck traffic --version
in_root tapedeck demo-server --version

echo "--- whose terms are those"
for package in tapedeck tapedeck-demo; do
    in_root zcat "/usr/share/doc/$package/third-party.gz" >"$work/third-party"
    grep -q 'Runtime Library Exception' "$work/third-party" || wrong "$package has no terms of Swift"
    # The list on top: a name and a version, and where it is from.
    sed '/^Their terms follow/,$d' "$work/third-party" | sed -n 's/^  \([^ ][^ ]*\) .*/\1/p' | tr '[:upper:]' '[:lower:]' >"$work/names"
    grep -qx swift-argument-parser "$work/names" || wrong "third-party of $package lists: $(cat "$work/names")"
    while read -r name; do
        in_root grep -q "^Files:.* $name/\*" "/usr/share/doc/$package/copyright" || wrong "$name is in $package, and not in its copyright file"
    done <"$work/names"
done

# What the run above has written without being told where goes, too, and what lies beside it stays.
touch "$root/var/log/ebpf_http_profiler.log.1" "$root/var/log/ebpf_http_profiler.log.mine"
echo "--- removed, and purged"
in_root apt-get purge -qq -y tapedeck tapedeck-demo >"$work/log" 2>&1 || {
    cat "$work/log"
    wrong "apt-get purge"
}
in_root apt-get autoremove -qq -y --purge >/dev/null 2>&1 || true
files | comm -13 "$work/before" - | grep -v '^/var/log/apt\|^/var/log/dpkg\|^/var/log/ebpf_http_profiler.log.mine$\|/usr/share/doc/lib' >"$work/left" || true
[ ! -s "$work/left" ] || wrong "left behind: $(cat "$work/left")"
[ -e "$root/var/log/ebpf_http_profiler.log.mine" ] || wrong "purge takes away what is not the profiler's"

echo "--- the tar.gz, on a root without its libraries, as docs/first-steps.md has it"
in_root sh -c 'apt-get purge -qq -y libpcap0.8 libnghttp2-14 libbrotli1 libnats3.4 libsqlite3-0 libyaml-0-2; apt-get install -qq -y sudo' >"$work/log" 2>&1 || {
    cat "$work/log"
    wrong "apt-get install sudo"
}
unpack=$(sed -n '/^sudo tar -C \/opt/,/^```$/{/^```$/d;p}' docs/first-steps.md)
in_root env PATH=/usr/local/bin:/usr/bin:/bin bash -euc "cd /packages; $unpack"'
    sudo tapedeck --version; tapedeck traffic --version; sudo tapedeck profiler --version' || wrong "its programs do not run"
in_root sh -c 'for program in /opt/tapedeck-*/libexec/tapedeck/*; do ldd $program; done' | grep 'not found' && wrong "libraries"
tree=$(echo "$root"/opt/tapedeck-*)
# The folders that the same page puts into a shell's variables, and the guide and the sample.
for folder in $(sed -n '/^at=\/opt/,/^```$/p' docs/first-steps.md | grep -o '\$at/[a-z/-]*' | sed 's/^....//'); do
    [ -d "$tree/$folder" ] || wrong "docs/first-steps.md names $folder"
done
[ -s "$tree/docs/first-steps.md" ] && [ -s "$tree/examples/shop.pcap" ] || wrong "it has no guide or no sample"
service=$(sed -n '/^cd \/opt\/tapedeck/,/^```$/{/^```$/d;p}' docs/live.md)
in_root bash -euc "$service" >"$work/unit" || wrong "its unit can't be put where systemd looks"
program=$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$root/etc/systemd/system/tapedeck-profiler.service")
settings=$(sed -n 's/^EnvironmentFile=//p' "$root/etc/systemd/system/tapedeck-profiler.service")
[ -x "$root$program" ] && [ -s "$root$settings" ] || wrong "its unit starts $program with $settings"
closed=$(find "$tree" -not -type l '(' -not -perm -o=r -o -type d -not -perm -o=x ')')
[ -z "$closed" ] || wrong "others can't read $closed"
# The terms of each library that lies in it, and the oldest C library that all of it runs with.
sed '/^Their terms follow/,$d' "$tree/share/doc/tapedeck/third-party" >"$work/names"
for library in "$tree"/lib/tapedeck/*; do
    grep -q "[:,] ${library##*/}\(,\|$\)" "$work/names" || wrong "no terms of ${library##*/}"
done
glibc=$(objdump -T "$tree"/libexec/tapedeck/* "$tree"/lib/tapedeck/* | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1)
grep -q "glibc ${glibc#GLIBC_} " docs/first-steps.md || wrong "it needs $glibc, and docs/first-steps.md says another"
# Their sizes, as docs/cost.md has them: programs, within a tenth; and packages, which CI presses less (LEVEL=1), by some 15 %.
of_size() { # WHAT MB FILE LESS MORE: in percent of what the page says
    local size=$(($(stat -c %s "$3") / 10000))
    [[ $2 =~ ^[0-9]+$ ]] || wrong "docs/cost.md does not say how large $1 is"
    ((size >= $2 * $4 && size <= $2 * $5)) || wrong "$1 has $((size / 100)) MB, and docs/cost.md says $2"
}
says() { sed -n "s/^| $1.*$2 \([0-9]*\).*/\1/p" docs/cost.md; }
of_size profiler "$(says 'what is installed' 'inside |')" "$tree/libexec/tapedeck/profiler" 90 110
of_size replay "$(says 'what is installed' '`profiler`,')" "$tree/libexec/tapedeck/replay" 90 110
of_size demo-server "$(says 'what is installed' '`demo-server`')" "$tree/libexec/tapedeck/demo-server" 90 110
of_size traffic "$(says 'what is installed' '`traffic`')" "$tree/libexec/tapedeck/traffic" 90 110
of_size 'the package tapedeck' "$(says 'the packages' 'tapedeck')" "$(echo "$packages"/tapedeck_*.deb)" 90 125
of_size 'the package tapedeck-demo' "$(says 'the packages' 'tapedeck-demo')" "$(echo "$packages"/tapedeck-demo_*.deb)" 90 125
of_size 'the tar.gz' "$(says 'the packages' 'brings,')" "$(echo "$packages"/*.tar.gz)" 90 125
grep -q "(here in \`ci/\`, $(says 'the packages' 'tapedeck') MB)" docs/in-ci.md || wrong "docs/in-ci.md has another size than docs/cost.md"
du -sh --apparent-size "$tree" "$packages"/*.deb "$packages"/*.tar.gz | sed "s|$packages/||; s|$root||"
