#!/usr/bin/env bash
# Makes the packages, in .build-package: Debian's, and a tar.gz for other distributions that brings the libraries which
# are called otherwise there. From programs that are built ($BUILT). LEVEL: how hard they are pressed, 6.
set -euo pipefail
# Folders and files in the tar.gz are everybody's to read, whoever makes it.
umask 022
cd "$(dirname "$0")/.."
BUILT=$(realpath "${BUILT:-.build-images/release}")
TAPEDECK=$PWD
LEVEL=${LEVEL:-6}
export BUILT TAPEDECK LEVEL
version=$(sed -n 's/.*static let number = "\(.*\)"$/\1/p' Sources/Shared/Command/ProgramVersion.swift)
architecture=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=$(git -c safe.directory="$PWD" log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
export SOURCE_DATE_EPOCH
out=.build-package
rm -rf "$out"
mkdir -p "$out/tapedeck"

echo "packaging Debian's packages of $version for $architecture"
cp -r packaging/debian "$out/tapedeck"
cat >"$out/tapedeck/debian/changelog" <<TEXT
tapedeck ($version) unstable; urgency=medium

  * Version $version; /usr/share/doc/tapedeck/changelog.gz has what is new.

 -- The Tapedeck developers <tapedeck@packages.invalid>  $(date -uRd "@$SOURCE_DATE_EPOCH")
TEXT
(cd "$out/tapedeck" && debian/rules binary) >"$out/log" 2>&1 || {
    cat "$out/log" >&2
    exit 1
}

echo "packaging the tar.gz"
name=tapedeck-$version-linux-$(uname -m)
tree=$out/$name
DESTDIR=$PWD/$tree PREFIX=/ SYSCONFDIR=/etc packaging/install.sh install
# Where it is put nobody knows: the unit is made so that one line of sed puts it right.
sed -i 's|^ExecStart=/*libexec|ExecStart=/usr/local/libexec|' "$tree/lib/systemd/system/tapedeck-profiler.service"
install -m 644 CHANGELOG.md LICENSE "$tree"
ln -s share/doc/tapedeck/{README.md,SECURITY.md,docs,examples} "$tree"
libraries=$tree/lib/tapedeck
mkdir -p "$libraries"
# glibc and the C++ library are the machine's.
machine='^(ld-linux.*|lib(c|m|pthread|dl|rt|resolv|gcc_s|stdc\+\+)\.so\..*)$'
# bring FILE…: the libraries that it needs.
bring() {
    ldd "$@" | awk '$2 == "=>" && $3 ~ "^/" { print $3 }' | while read -r library; do
        [[ ${library##*/} =~ $machine ]] || cp -nL "$library" "$libraries"
    done
}
for program in "$tree"/libexec/tapedeck/*; do
    bring "$program"
    # shellcheck disable=SC2016
    patchelf --set-rpath '$ORIGIN/../../lib/tapedeck' "$program"
done
# The programs load these by their names, when they are needed.
for soname in libcurl.so.4 libnats.so.3.4; do
    library=$(ldconfig -p | awk -v soname="$soname" '$1 == soname && !found++ { print $NF }')
    cp -nL "${library:?$soname is not on this machine}" "$libraries"
    bring "$library"
done
documents=$tree/share/doc/tapedeck
mkdir -p "$documents"
packaging/licences.py "$BUILT" replay profiler demo-server traffic -- "$libraries"/* >"$documents/third-party"
# shellcheck disable=SC2016
for library in "$libraries"/*; do patchelf --set-rpath '$ORIGIN' "$library"; done
tar --sort=name --owner=0 --group=0 --mtime="@$SOURCE_DATE_EPOCH" -C "$out" -cf - "$name" | gzip "-${LEVEL}n" >"$out/$name.tar.gz"
rm -rf "$tree" "$out/tapedeck"
mv "$out"/*.buildinfo "$out"/*.changes "$out/tapedeck" 2>/dev/null || true
(cd "$out" && stat -c '%s %n' ./*.deb ./*.tar.gz | numfmt --to=si --format '%8.1f')
