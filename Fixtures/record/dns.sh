# shellcheck shell=bash
# The Domain Name System: Debian's unbound and dnsmasq, asked by dig and by the C library.

# dnsmasq_up [OPTION…]: answers for .test on 127.0.0.1, and knows nobody to ask.
dnsmasq_up() {
    serve 53 dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --listen-address=127.0.0.1 --bind-interfaces \
        --user=root "--pid-file=$SCRATCH/pid" "$@"
}

# resolv OPTION…: what the C library of the namespace does with names.
resolv() {
    printf '%s\n' "$@" >"/etc/netns/$NS/resolv.conf"
    echo '127.0.0.1 localhost' >"/etc/netns/$NS/hosts"
}

dns/lookups() {
    about "dig asks unbound over UDP and TCP for what is there, what is not, and what unbound can't say; what unbound says that it answered is in truth.jsonl." "operations: types, codes, attempts that nobody answers, an answer that does not fit and goes on over TCP, several questions on one connection, names in mixed case, reverse names."
    uses unbound bind9-dnsutils libc-bin
    serve 53 unbound -d -c "$(render unbound.conf)"
    capture 'port 53'
    client dig +tries=1 @127.0.0.1 shop.test A db.shop.test AAAA shop.test MX _postgres._tcp.shop.test SRV
    client dig +tries=1 @127.0.0.1 missing.shop.test A shop.test NAPTR www.shop.test A -x 10.1.2.3
    client dig +tries=1 @127.0.0.1 WwW.ShOp.TeSt A node-4f1c29d07a3e.shop.test A +noedns
    client dig +tries=1 @127.0.0.1 refused.example A +nocookie
    client dig +tries=1 @127.0.0.1 version.bind CH TXT
    client dig +tries=1 +bufsize=512 @127.0.0.1 large.shop.test TXT
    client dig +tcp +keepopen @127.0.0.1 shop.test A missing.shop.test A db.shop.test AAAA
    client dig +tries=1 +opcode=NOTIFY @127.0.0.1 shop.test SOA
    resolv 'nameserver 127.0.0.1' 'search svc.shop.test shop.test' 'options ndots:2'
    client getent ahosts db
    client_failing getent ahosts nowhere
    # Who is there says nothing.
    spawn "$PYTHON" -c 'import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.2", 53)); time.sleep(600)'
    await "a silent server to listen" sh -c "ip netns exec $NS ss -Hlun src 127.0.0.2:53 | grep -q ."
    client_failing dig +tries=2 +timeout=1 @127.0.0.2 db.shop.test A
    capture_end
    mkdir -p "$OUT"
    "$PYTHON" "$RECORD/dns_truth.py" "$SCRATCH/unbound.log" >"$OUT/truth.jsonl"
}

dns/names() {
    about "Programs ask dnsmasq for hosts and connect to what it answers: redis-cli, openssl without a server's name, and one address that two names share." "names of destinations: an answer names the address for who asked, until another name is answered with it; TLS without a server's name."
    uses dnsmasq redis-server redis-tools openssl libc-bin
    dnsmasq_up --log-queries "--log-facility=$SCRATCH/dnsmasq.log" --address=/cache.shop.test/127.0.0.5 --address=/db.shop.test/127.0.0.6 \
        --cname=sessions.shop.test,cache.shop.test --host-record=cache.shop.test,127.0.0.5,60 --address=/vault.shop.test/127.0.0.7
    resolv 'nameserver 127.0.0.1'
    serve 6379 redis-server --port 6379 --bind 127.0.0.5 127.0.0.6 127.0.0.7 --save '' --appendonly no --dir "$SCRATCH"
    serve 8443 openssl s_server -accept 127.0.0.7:8443 -cert "$CERTIFICATE" -key "$PRIVATE_KEY" -quiet
    capture 'port 53 or tcp port 6379 or tcp port 8443'
    client redis-cli -h cache.shop.test set greeting hello
    client redis-cli -h sessions.shop.test get greeting
    client redis-cli -h 127.0.0.6 get greeting
    client redis-cli -h db.shop.test get greeting
    client sh -c 'openssl s_client -noservername -connect vault.shop.test:8443 </dev/null'
}

dns/tcp() {
    about "dig asks dnsmasq over TCP." "messages with a 16-bit length before them."
    uses dnsmasq bind9-dnsutils
    dnsmasq_up --address=/shop.test/10.1.2.3 --txt-record=shop.test,hello
    capture 'tcp port 53'
    client dig +tcp +keepopen @127.0.0.1 shop.test A shop.test TXT missing.test A
}
