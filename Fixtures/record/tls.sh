# shellcheck shell=bash
# TLS where nothing but the ClientHello is to be seen: SNI, ALPN, the port.

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
