# shellcheck shell=bash
# memcached 1.6: the text, binary and meta commands.

# memcached_up [PORT]
memcached_up() { serve "${1:-11211}" memcached -u nobody -l 127.0.0.1 -p "${1:-11211}" -U 0; }
memcached_client() { client "$PYTHON" "$RECORD/clients/memcached_client.py" "$@"; }

memcached/text() {
    about "pymemcache uses the text commands: storage, retrieval of one and of several keys, arithmetic, cas, delete, stats." "the text protocol with its data blocks."
    uses memcached pypi:pymemcache
    memcached_up
    capture 'tcp port 11211'
    memcached_client text
}

memcached/binary() {
    about "python-binary-memcached and libmemcached's memccat use the binary protocol." "the binary protocol: 24-byte headers, quiet commands."
    uses memcached pypi:python-binary-memcached libmemcached-tools
    memcached_up
    capture 'tcp port 11211'
    memcached_client binary
    printf 'from a file\n' >"$SCRATCH/greeting"
    client memccp --binary --servers=127.0.0.1 "$SCRATCH/greeting"
    client memccat --binary --servers=127.0.0.1 greeting
}

memcached/meta() {
    about "The meta commands mn, ms, mg, ma, md and me, with flags." "the newest text commands; quiet ones that are not answered."
    uses memcached python
    memcached_up
    capture 'tcp port 11211'
    memcached_client meta
}

memcached/large-values() {
    about "A value of 20 kB and one that contains lines of the protocol." "data blocks over several segments, content that looks like commands."
    uses memcached pypi:pymemcache
    memcached_up
    capture 'tcp port 11211'
    memcached_client large
}

memcached/late-joined() {
    about "tcpdump is started in the middle of a text connection." "recognising the text protocol from the middle."
    uses memcached pypi:pymemcache
    memcached_up
    late 'tcp port 11211' "$PYTHON" "$RECORD/clients/memcached_client.py" late_text
}

memcached/late-joined-binary() {
    about "tcpdump is started in the middle of a binary connection." "recognising the binary protocol from the middle."
    uses memcached pypi:python-binary-memcached
    memcached_up
    late 'tcp port 11211' "$PYTHON" "$RECORD/clients/memcached_client.py" late_binary
}

memcached/other-port() {
    about "memcached on port 22122, text and binary." "recognising both protocols without their port."
    uses memcached pypi:pymemcache pypi:python-binary-memcached
    memcached_up 22122
    capture 'tcp port 22122'
    memcached_client text 22122
    memcached_client binary 22122
}

memcached/operations() {
    about "pymemcache, python-binary-memcached and a client of our own ask for all kinds of things; what the server says that it was asked and answered (-vv) is in truth.jsonl." "operations: key patterns, quiet commands, errors, text, meta and binary commands in pipelines."
    uses memcached pypi:pymemcache pypi:python-binary-memcached
    serve 11211 sh -c "exec memcached -vv -u nobody -l 127.0.0.1 -p 11211 -U 0 -t 1 2>$SCRATCH/told"
    capture 'tcp port 11211'
    client "$PYTHON" "$RECORD/clients/memcached_operations.py"
    capture_end
    mkdir -p "$OUT"
    "$PYTHON" "$RECORD/memcached_truth.py" "$SCRATCH/told" >"$OUT/truth.jsonl"
}
