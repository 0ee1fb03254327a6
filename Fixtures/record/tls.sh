# shellcheck shell=bash
# TLS: where nothing but the ClientHello is to be seen (SNI, ALPN, the port), and where the capture has the session's secrets.

tls/https() {
    about "curl gets a page from nginx over HTTPS, with ALPN offering http/1.1 only." "SNI shop.test, ALPN http/1.1."
    uses nginx curl openssl
    nginx_up
    capture 'tcp port 8443'
    client curl -sS --http1.1 --cacert "$CERTIFICATE" -o /dev/null https://shop.test:8443/catalog.json
}

tls/https-h2() {
    about "curl and nginx agree on HTTP/2 by ALPN." "SNI, ALPN with h2 and http/1.1."
    uses nginx curl openssl
    nginx_up
    capture 'tcp port 8443'
    client curl -sS --http2 --cacert "$CERTIFICATE" -o /dev/null https://shop.test:8443/catalog.json
}

tls/no-sni() {
    about "openssl s_client connects by address: no SNI, no ALPN; once with TLS 1.2 and once with TLS 1.3." "ClientHellos without the extensions; a certificate in plain in TLS 1.2."
    uses nginx openssl
    nginx_up
    capture 'tcp port 8443'
    client openssl s_client -connect 127.0.0.1:8443 -noservername -tls1_2 </dev/null
    client openssl s_client -connect 127.0.0.1:8443 -noservername -tls1_3 </dev/null
}

tls/handshake-fails() {
    about "curl does not trust nginx's certificate and says so by an alert." "a connection that ends in its handshake."
    uses nginx curl openssl
    nginx_up
    capture 'tcp port 8443'
    client_failing curl -sS --tls-max 1.2 -o /dev/null https://shop.test:8443/
}

tls/redis() {
    about "redis-cli --tls on port 6390, and on Redis's own port 6379." "TLS on a port that means something: confidence 60 by the port, and TLS on one that means nothing."
    uses redis-server redis-tools openssl
    local tls=(--tls-cert-file "$CERTIFICATE" --tls-key-file "$PRIVATE_KEY" --tls-auth-clients no)
    redis_up 6390 --port 0 --tls-port 6390 "${tls[@]}"
    redis_up 6379 --port 0 --tls-port 6379 "${tls[@]}"
    capture 'tcp port 6379 or tcp port 6390'
    client redis-cli --tls --cacert "$CERTIFICATE" --sni shop.test -h 127.0.0.1 -p 6390 set greeting hello
    client redis-cli --tls --cacert "$CERTIFICATE" --sni shop.test -h 127.0.0.1 -p 6379 get greeting
}

tls/late-joined() {
    about "tcpdump is started in the middle of a TLS connection to redis on port 6379." "TLS records without a handshake."
    uses redis-server pypi:redis openssl
    redis_up 6379 --port 0 --tls-port 6379 --tls-cert-file "$CERTIFICATE" --tls-key-file "$PRIVATE_KEY" --tls-auth-clients no
    late 'tcp port 6379' "$PYTHON" "$RECORD/clients/redis_client.py" late_tls "$CERTIFICATE"
}

# --- with secrets: what clients write to a key log is put into the capture (Decryption Secrets Block) -----------

KEYS='tcp portrange 8443-8445'

# nginx with all protocols and cipher suites of OpenSSL, and two certificates.
nginx_tls_up() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=shop.test -addext subjectAltName=DNS:shop.test,IP:127.0.0.1 \
        -keyout "$SCRATCH/rsa.key" -out "$SCRATCH/rsa.pem" 2>>"$LOG"
    openssl dhparam -dsaparam -out "$SCRATCH/dh.pem" 2048 2>>"$LOG"
    mkdir -p "$SCRATCH/files"
    seq 1 8000 >"$SCRATCH/files/numbers.txt"
    serve 8443 nginx -c "$(render nginx-tls.conf)" -e stderr
    : >"$SCRATCH/keys.log"
}

# with_keys COMMAND…: a client that writes down its sessions' secrets where SSLKEYLOGFILE says.
with_keys() { client env "SSLKEYLOGFILE=$SCRATCH/keys.log" "SSL_CERT_FILE=$SCRATCH/rsa.pem" "$@"; }

# says REQUEST…: s_client says each to the server, half a second after the other, and then no more; K and k update keys.
says() {
    local request
    for request in "$@"; do
        case $request in
            [KkQ]) printf '%s\n' "$request" ;;
            *) printf 'GET %s HTTP/1.1\r\nHost: shop.test\r\n\r\n' "$request" ;;
        esac
        sleep 0.4
    done
}

s_client() { client openssl s_client -connect 127.0.0.1:"$1" -servername shop.test -keylogfile "$SCRATCH/keys.log" "${@:2}"; }

keep_keys() {
    sed -i '/^#/d' "$SCRATCH/keys.log"
    edit_capture editcap --inject-secrets "tls,$SCRATCH/keys.log" @IN @OUT
}

tls/suites() {
    about "openssl s_client speaks every kind of cipher suite that nginx can be made to, from TLS 1.0 to 1.3; the answer says which it was." \
        "GCM, CCM, ChaCha20-Poly1305, ARIA, Camellia, CBC with the MAC inside and outside, no encryption at all; secrets in the capture."
    uses nginx openssl wireshark-common
    nginx_tls_up
    capture "$KEYS"
    local suite version
    for suite in TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 TLS_AES_128_CCM_SHA256 TLS_AES_128_CCM_8_SHA256; do
        says "/tls1_3/$suite" Q | s_client 8443 -tls1_3 -ciphersuites "$suite"
    done
    for suite in ECDHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-ECDSA-CHACHA20-POLY1305 DHE-RSA-AES256-CCM \
        ECDHE-ECDSA-AES128-CCM8 ECDHE-ARIA256-GCM-SHA384 AES128-GCM-SHA256 ECDHE-RSA-AES256-SHA384 ECDHE-ECDSA-AES128-SHA256 \
        DHE-RSA-CAMELLIA256-SHA256 AES256-SHA NULL-SHA256; do
        says "/tls1_2/$suite" Q | s_client 8443 -tls1_2 -cipher "$suite:@SECLEVEL=0"
    done
    for suite in ECDHE-RSA-AES256-SHA384 AES128-SHA; do
        says "/tls1_2/$suite/mac-then-encrypt" Q | s_client 8443 -tls1_2 -cipher "$suite:@SECLEVEL=0" -no_etm
    done
    for version in tls1_1 tls1; do
        says "/$version/AES128-SHA" "/$version/AES128-SHA/again" Q | s_client 8443 "-$version" -cipher "AES128-SHA:@SECLEVEL=0"
        says "/$version/ECDHE-ECDSA-AES256-SHA" Q | s_client 8443 "-$version" -cipher "ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0" -no_etm
        says "/$version/CAMELLIA128-SHA" Q | s_client 8443 "-$version" -cipher "CAMELLIA128-SHA:@SECLEVEL=0" -no_etm
    done
    keep_keys
}

tls/decrypted() {
    about "curl (OpenSSL), wget (GnuTLS) and Python's http.client talk to nginx over HTTP/2 and HTTP/1.1, TLS 1.2 and 1.3." \
        "three libraries' key logs; ALPN that is encrypted; keep-alive; a body over several records."
    uses nginx curl wget python wireshark-common
    nginx_tls_up
    capture "$KEYS"
    with_keys curl -sSk --http2 'https://shop.test:8443/h2/[1-3]' https://shop.test:8443/files/numbers.txt
    with_keys curl -sSk --http1.1 --tls-max 1.2 'https://shop.test:8443/h1/[1-3]' -d '{"sku":"a"}' -H 'Content-Type: application/json'
    with_keys wget -q --no-check-certificate -O /dev/null https://shop.test:8443/wget/1 https://shop.test:8443/wget/2
    with_keys wget -q --no-check-certificate --secure-protocol=TLSv1_2 -O /dev/null https://shop.test:8443/wget/3
    with_keys python3 "$RECORD/clients/tls_client.py" https
    keep_keys
}

tls/resumed() {
    about "openssl s_client resumes sessions of TLS 1.2 and 1.3 at nginx." "a ticket's session: new keys from the old secret in TLS 1.2."
    uses nginx openssl wireshark-common
    nginx_tls_up
    capture "$KEYS"
    local version
    for version in tls1_2 tls1_3; do
        says "/$version/first" Q | s_client 8443 "-$version" -sess_out "$SCRATCH/session"
        says "/$version/second" Q | s_client 8443 "-$version" -sess_in "$SCRATCH/session"
    done
    keep_keys
}

tls/early-data() {
    about "openssl s_client sends a request with its ClientHello (0-RTT), which nginx takes; another server asks for a second ClientHello, and does not." \
        "early data under a key of its own, EndOfEarlyData; HelloRetryRequest; early data that were refused and never count."
    uses nginx openssl wireshark-common
    nginx_tls_up
    capture "$KEYS"
    says /first Q | s_client 8444 -sess_out "$SCRATCH/session"
    says /early >"$SCRATCH/early"
    says /late Q | s_client 8444 -sess_in "$SCRATCH/session" -early_data "$SCRATCH/early"
    says /refused >"$SCRATCH/early"
    says /retried Q | s_client 8445 -groups X25519:P-384 -sess_in "$SCRATCH/session" -early_data "$SCRATCH/early"
    keep_keys
}

tls/key-update() {
    about "openssl s_client and nginx change their keys three times between requests." "KeyUpdate of one side, and of both."
    uses nginx openssl wireshark-common
    nginx_tls_up
    capture "$KEYS"
    says /1 K /2 k /3 K /4 Q | s_client 8443 -tls1_3
    keep_keys
}

tls/lost() {
    about "curl gets a file and a page over one connection; then packets of the file are taken out of the capture." \
        "records that are cut, and records that are missing: what follows is found again by its number."
    uses nginx curl wireshark-common
    nginx_tls_up
    capture "$KEYS"
    with_keys curl -sSk --http1.1 -o /dev/null https://shop.test:8443/files/numbers.txt -o /dev/null https://shop.test:8443/after/the/loss
    note "Packets 22 and 29 were removed: two records are cut."
    edit_capture editcap -F pcap @IN @OUT 22 29
    keep_keys
}

tls/postgres-decrypted() {
    about "pg8000 asks PostgreSQL for TLS and then queries; Python's ssl writes the key log." "a protocol that begins in the clear and goes on within TLS."
    uses postgresql-15 pypi:pg8000 wireshark-common
    postgres_up
    capture 'tcp port 5432'
    : >"$SCRATCH/keys.log"
    client env "SSLKEYLOGFILE=$SCRATCH/keys.log" "$PYTHON" "$RECORD/clients/tls_client.py" postgres
    keep_keys
}
