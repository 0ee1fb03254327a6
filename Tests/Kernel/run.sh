#!/usr/bin/env bash
# Runs the profiler on an older kernel: boots Debian's (6.1, without the sockets' tracepoints) under QEMU, without KVM,
# with an initramfs that holds the built programs, and compares what was captured with what the exerciser has moved.
# Needs root for apt-get only. run.sh [FOLDER WITH vmlinuz-*]: another kernel.
set -euo pipefail
cd "$(dirname "$0")/../.."

programs=(.build/release/profiler .build/release/replay .build/debug/exerciser)
for program in "${programs[@]}"; do
    [ -x "$program" ] || { echo "run.sh: $program is not built: make test-kernel builds it" >&2; exit 2; }
done
missing=()
for command in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio; do
    command -v "${command%:*}" >/dev/null || missing+=("${command#*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "run.sh: installing ${missing[*]}"
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -q --no-install-recommends \
        "${missing[@]}" >/dev/null
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [ -n "${1:-}" ]; then
    kernel=$(echo "$1"/vmlinuz-*)
else
    package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image-[0-9]/ { print $2; exit }')
    echo "run.sh: fetching $package"
    chmod 755 "$folder"
    (cd "$folder" && apt-get download -q "$package" >/dev/null 2>&1 && dpkg -x ./*.deb kernel)
    kernel=$(echo "$folder"/kernel/boot/vmlinuz-*)
fi

root=$folder/root
mkdir -p "$root"/{bin,dev,proc,sys,tmp,tapedeck}
cp "$(command -v busybox)" "$root/bin/busybox"
cp "${programs[@]}" "$root/tapedeck"
cp Tests/Kernel/init "$root/init"
for library in $(ldd "${programs[@]}" | awk '{ for (i = 1; i <= NF; i++) if ($i ~ /^\//) print $i }' | grep -v ':$' | sort -u); do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$folder/initramfs"

log=$folder/console
echo "run.sh: booting $(basename "$kernel")"
timeout 300 qemu-system-x86_64 -machine accel=tcg -cpu max -m 3000 -smp 2 -nographic -no-reboot \
    -kernel "$kernel" -initrd "$folder/initramfs" -append "console=ttyS0 quiet panic=-1" </dev/null >"$log" 2>&1 || true
tr -d '\r' <"$log" | sed -nE 's/^.*(ok|FAILED|kernel|doctor|end): /\1: /p' | tee "$folder/results"
if grep -q '^FAILED' "$folder/results" || ! grep -q '^end: all' "$folder/results"; then
    echo "run.sh: failed; the end of the console:" >&2
    tail -n 40 "$log" >&2
    exit 1
fi
