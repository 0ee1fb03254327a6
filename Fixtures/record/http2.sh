# shellcheck shell=bash
# HTTP/2 in plain text, and gRPC on it.

http2/asgi() {
    about "httpx asks hypercorn over HTTP/2 with prior knowledge: eight GETs at once, a POST, a PUT of 100 kB, a DELETE, a HEAD and a 404." \
        "streams that are open at the same time, a body over many frames, cookies in crumbs, bodies of JSON."
    uses pypi:hypercorn pypi:h2 pypi:httpx
    serve 8080 "$VENV/bin/hypercorn" --bind 127.0.0.1:8080 --keep-alive 5 "$RECORD/peers/asgi_app.py:app"
    capture 'tcp port 8080'
    client "$PYTHON" "$RECORD/clients/http2_client.py" http://127.0.0.1:8080
}

http2/push() {
    about "nghttpd pushes a style sheet with a page that nghttp asks for; the body of another request has trailers and padding." \
        "PUSH_PROMISE, trailers, padded frames, PRIORITY frames."
    uses nghttp2-server nghttp2-client
    mkdir -p "$SCRATCH/www"
    echo '<link rel="stylesheet" href="style.css">' >"$SCRATCH/www/index.html"
    echo 'body { color: red }' >"$SCRATCH/www/style.css"
    echo '{"sku":"a"}' >"$SCRATCH/order.json"
    serve 8080 nghttpd --no-tls -a 127.0.0.1 -p /index.html=/style.css --trailer 'checksum: 42' --padding=20 -d "$SCRATCH/www" 8080
    capture 'tcp port 8080'
    client nghttp -n http://127.0.0.1:8080/index.html
    client nghttp -n --padding=10 --trailer 'signature: 7' -H 'content-type: application/json' -d "$SCRATCH/order.json" http://127.0.0.1:8080/index.html
}

http2/refused() {
    about "curl asks a server of HTTP/1.1 with prior knowledge of HTTP/2 that it does not have." \
        "a preface that is answered by HTTP/1.1's 400."
    uses nginx curl
    nginx_up
    capture 'tcp port 8080'
    client_failing curl -sS --http2-prior-knowledge -o /dev/null http://shop.test:8080/catalog.json
}

http2/proxied() {
    about "curl and nghttp ask nghttpx over HTTP/2, which asks Node.js's own server over HTTP/2: GETs, POSTs of 40 kB and 12 bytes, a DELETE, trailers, a 404 and a 500." \
        "both sides of a proxy that multiplexes: many clients' streams on few connections."
    uses nghttp2-proxy nghttp2-client nodejs curl
    head -c 40000 /dev/zero | tr '\0' ' ' >"$SCRATCH/spaces.json"
    echo '{"sku":"a"}' >"$SCRATCH/order.json"
    serve 8081 node "$RECORD/peers/node_http2.mjs" 8081
    serve 8080 nghttpx --conf=/dev/null --errorlog-file="$SCRATCH/nghttpx.log" -f'127.0.0.1,8080;no-tls' -b'127.0.0.1,8081;;proto=h2'
    capture 'tcp port 8080 or tcp port 8081'
    local shop=http://shop.test:8080
    client curl -sS --http2-prior-knowledge -o /dev/null $shop/goods/999
    client curl -sS --http2-prior-knowledge -o /dev/null $shop/nothing
    client curl -sS --http2-prior-knowledge -o /dev/null -H 'content-type: application/json' --data-binary "@$SCRATCH/spaces.json" $shop/orders
    client curl -sS --http2-prior-knowledge -o /dev/null -X DELETE $shop/goods/3
    client nghttp -n -m 6 http://127.0.0.1:8080/goods http://127.0.0.1:8080/goods/7
    client nghttp -n -H 'content-type: application/json' -d "$SCRATCH/order.json" http://127.0.0.1:8080/orders http://127.0.0.1:8080/sums
}

grpc/kinds() {
    about "grpcio's client calls grpcio's server in all four ways, and meets what can go wrong: NOT_FOUND, a deadline, a method that is not there, a call that is cancelled; one request is compressed." \
        "counts of messages, statuses from trailers and from trailers alone, resets, grpc-timeout."
    uses pypi:grpcio
    serve 50051 "$PYTHON" "$RECORD/peers/grpc_server.py" 50051
    capture 'tcp port 50051'
    client "$PYTHON" "$RECORD/clients/grpc_client.py" 50051
}

http2/websocket() {
    about "A client written for the purpose opens a WebSocket by extended CONNECT to hypercorn, beside a GET on the same connection." \
        "RFC 8441: a WebSocket on a stream of HTTP/2."
    uses pypi:hypercorn pypi:h2
    serve 8080 "$VENV/bin/hypercorn" --bind 127.0.0.1:8080 --keep-alive 5 "$RECORD/peers/asgi_app.py:app"
    capture 'tcp port 8080'
    client "$PYTHON" "$RECORD/clients/http2_websocket.py" 127.0.0.1 8080
}

http2/events() {
    about "httpx listens to hypercorn over HTTP/2: server-sent events with names, and lines of JSON." \
        "server-sent events and NDJSON over HTTP/2, each told of as it comes."
    uses pypi:hypercorn pypi:h2 pypi:httpx
    serve 8080 "$VENV/bin/hypercorn" --bind 127.0.0.1:8080 --keep-alive 5 "$RECORD/peers/asgi_app.py:app"
    capture 'tcp port 8080'
    client "$PYTHON" "$RECORD/clients/events_client.py" http://127.0.0.1:8080
}

grpc/shop() {
    about "grpcio's client and server with messages of a schema, answers compressed with gzip; a health check, and reflection." \
        "shapes of messages by numbers (record/peers/shop_proto.py has the schema), compressed messages, housekeeping."
    uses pypi:grpcio pypi:grpcio-health-checking pypi:grpcio-reflection
    serve 50051 "$PYTHON" "$RECORD/peers/grpc_shop.py" 50051 --gzip
    capture 'tcp port 50051'
    client "$PYTHON" "$RECORD/clients/grpc_shop_client.py" 50051
}
