# shellcheck shell=bash
# HTTP again, but here it is the capture that is special: its link type, its format, what it missed.

http/late-joined() {
    about "tcpdump is started in the middle of a keep-alive connection, between a request's head and its body." \
        "a connection without a SYN: who the client is, where the next message begins, what was missed."
    uses pypi:aiohttp python
    app_up
    late "$API" "$PYTHON" "$RECORD/clients/http_client.py" late
}

http/snaplen-200() {
    about "A capture that keeps 200 bytes of each packet." "gaps whose length is known (captured length below the packet's own)."
    uses nginx curl
    nginx_up
    capture -s 200 "$HTTP"
    client curl -sS -o /dev/null http://shop.test:8080/catalog.json -o /dev/null http://shop.test:8080/missing -o /dev/null http://shop.test:8080/page.html
}

http/capture-loss() {
    about "Two documents and a 20 kB file from nginx; afterwards four packets were taken out of the capture with editcap." \
        "gaps in a body whose length is known, after which the next answer is found exactly."
    note "The network lost nothing: both ends acknowledge bytes that are not in the file, as when a capture drops packets."
    uses nginx curl wireshark-common
    nginx_up
    capture "$HTTP"
    client curl -sS -o /dev/null http://shop.test:8080/catalog.json -o /dev/null http://shop.test:8080/photo.bin -o /dev/null http://shop.test:8080/page.html
    capture_end
    # Of the segments that carry the file, the middle ones: full-sized, from the server.
    local lost
    mapfile -t lost < <(tshark -r "$SCRATCH/input" -Y 'tcp.srcport == 8080 && tcp.len > 1000' -T fields -e frame.number 2>>"$LOG" | sed -n '5,6p; 9p; 11p')
    edit_capture editcap -F pcap @IN @OUT "${lost[@]}"
}

http/bad-path() {
    about "nginx and curl over a path of two TUN devices between which a script delays, reorders, duplicates and loses packets." \
        "reassembly of real retransmissions and out-of-order segments; link type raw IP."
    note "Captured at the client's end, so what was lost on the way to it is missing until it is retransmitted. (tc netem would do the same, where the kernel has it.)"
    uses nginx curl python iproute2
    local peer=$NS-peer
    web_root
    ip netns add "$peer"
    log_command "$PYTHON" "$RECORD/peers/bad_path.py" near far
    spawn "$PYTHON" "$RECORD/peers/bad_path.py" near far
    await "the TUN devices" in_ns ip link show far
    ip -n "$NS" link set far netns "$peer"
    ip -n "$NS" address add 10.77.1.1/24 dev near
    ip -n "$NS" link set near up
    ip -n "$peer" address add 10.77.1.2/24 dev far
    ip -n "$peer" link set far up
    ip -n "$peer" link set lo up
    NS=$peer serve 8080 nginx -c "$(render nginx.conf)" -e stderr
    MARKER_ADDRESS=10.77.1.2
    capture -i near "$HTTP"
    client curl -sS -o /dev/null http://10.77.1.2:8080/photo.bin -o /dev/null http://10.77.1.2:8080/catalog.json
    client curl -sS -o /dev/null -T "$SCRATCH/www/photo.bin" -H 'Expect:' http://10.77.1.2:8080/dav/copy.bin
}

http/ipv6() {
    about "nginx and curl on ::1." "IPv6, and a Host that is an IPv6 literal."
    uses nginx curl
    nginx_up
    capture "$HTTP"
    client curl -sS -o /dev/null 'http://[::1]:8080/catalog.json' -o /dev/null 'http://[::1]:8080/missing'
}

http/cooked-v2() {
    about "Captured with tcpdump -i any: Linux cooked capture v2, IPv4 and IPv6." "link type LINUX_SLL2."
    uses nginx curl
    nginx_up
    capture -i any -y LINUX_SLL2 "$HTTP"
    client curl -sS -o /dev/null http://127.0.0.1:8080/catalog.json -o /dev/null 'http://[::1]:8080/empty'
}

http/cooked-v1() {
    about "Captured with tcpdump -i any -y LINUX_SLL: Linux cooked capture v1." "link type LINUX_SLL."
    uses nginx curl
    nginx_up
    capture -i any -y LINUX_SLL "$HTTP"
    client curl -sS -o /dev/null http://127.0.0.1:8080/catalog.json -o /dev/null 'http://[::1]:8080/empty'
}

http/nanoseconds() {
    about "Captured with --time-stamp-precision=nano." "the pcap variant with nanoseconds, and its byte-exact timestamps."
    uses nginx curl
    nginx_up
    capture --time-stamp-precision=nano "$HTTP"
    client curl -sS -o /dev/null http://shop.test:8080/catalog.json
}

http/pcapng() {
    about "A capture in the pcapng format (converted by editcap)." "pcapng."
    uses nginx curl wireshark-common
    nginx_up
    capture "$HTTP"
    client curl -sS -o /dev/null http://shop.test:8080/catalog.json -o /dev/null http://shop.test:8080/missing
    edit_capture editcap -F pcapng @IN @OUT
}

http/gzipped() {
    about "A capture that gzip compressed." "reading .pcap.gz."
    uses nginx curl
    nginx_up
    capture "$HTTP"
    client curl -sS -o /dev/null http://shop.test:8080/photo.bin
    edit_capture sh -c 'gzip --no-name --best <"$0" >"$1"' @IN @OUT
}

http/vlan() {
    about "nginx and curl; afterwards two VLAN tags (802.1ad 100, 802.1Q 77) were put into every frame." "VLAN tags, one inside the other."
    note "The tags were added to the file by record/peers/add_vlan_tags.py: the recording machine's kernel has no VLAN devices."
    uses nginx curl python
    nginx_up
    capture "$HTTP"
    client curl -sS -o /dev/null http://shop.test:8080/catalog.json
    edit_capture "$PYTHON" "$RECORD/peers/add_vlan_tags.py" @IN @OUT
}
