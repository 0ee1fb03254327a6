#!/usr/bin/env bash
# Makes localhost/busybox:1, an image of Debian's static busybox, as an archive that all runtimes take: image.sh FILE
# Format: https://github.com/moby/docker-image-spec/blob/main/v1.2.md
set -euo pipefail
archive=$(realpath "$1") folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
busybox=$(command -v busybox)

mkdir -p "$folder"/root/{bin,dev,etc,proc,sys,tmp,www}
cp "$busybox" "$folder/root/bin/busybox"
for name in $("$busybox" --list); do
    [ "$name" = busybox ] || ln -s busybox "$folder/root/bin/$name"
done
echo 'root:x:0:0:root:/:/bin/sh' >"$folder/root/etc/passwd"
echo 'hello' >"$folder/root/www/index.html"
cd "$folder"
tar -C root --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf layer.tar .
cat >config.json <<JSON
{"architecture":"$(dpkg --print-architecture)","os":"linux","created":"1970-01-01T00:00:00Z",
 "config":{"Env":["PATH=/bin"],"Cmd":["httpd","-f","-p","8080","-h","/www"],"ExposedPorts":{"8080/tcp":{}}},
 "rootfs":{"type":"layers","diff_ids":["sha256:$(sha256sum layer.tar | cut -d ' ' -f 1)"]}}
JSON
echo '[{"Config":"config.json","RepoTags":["localhost/busybox:1"],"Layers":["layer.tar"]}]' >manifest.json
tar -cf "$archive" manifest.json config.json layer.tar
