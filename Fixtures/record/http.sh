# shellcheck shell=bash
# HTTP/1.x: nginx for what a web server does, Python servers for what the standard allows besides.

HTTP='tcp port 8080'
API='tcp port 8081'
EDGES='tcp port 8082'

nginx_up() {
    web_root
    serve 8080 nginx -c "$(render nginx.conf)" -e stderr
}

web_root() {
    mkdir -p "$SCRATCH/www" "$SCRATCH/dav"
    "$PYTHON" - "$SCRATCH/www" <<-'PYTHON'
	import json, pathlib, random, sys
	root = pathlib.Path(sys.argv[1])
	items = [{"id": n, "name": f"item {n}", "price": n * 1.5, "tags": ["a", "b"][: n % 3]} for n in range(20)]
	(root / "catalog.json").write_text(json.dumps({"items": items, "next": None}))
	(root / "page.html").write_text("<!doctype html><title>Shop</title>\n" + "<p>A paragraph of the page.</p>\n" * 80)
	(root / "photo.bin").write_bytes(random.Random(1).randbytes(20000))
	PYTHON
    printf 'anna:%s\n' "$(openssl passwd -apr1 -salt fixture secret)" >"$SCRATCH/htpasswd"
}

app_up() { serve 8081 "$PYTHON" "$RECORD/peers/http_app.py" 8081; }
edges_up() { serve 8082 "$PYTHON" "$RECORD/peers/http_edges.py" 8082; }
http_client() { client "$PYTHON" "$RECORD/clients/http_client.py" "$@"; }

http/keep-alive() {
    about "curl and Python's requests get several documents from nginx, each on one connection." \
        "the plain case: pairing on a connection that is kept open; a 204 between two bodies."
    uses nginx curl pypi:requests
    nginx_up
    capture "$HTTP"
    client curl -sS http://shop.test:8080/catalog.json http://shop.test:8080/page.html "http://shop.test:8080/catalog.json?page=2"
    http_client session
}

http/pipelined() {
    about "Eight requests are sent to nginx at once, before the first answer is read." \
        "pairing in order when a HEAD, a 404, a 206, a 204, a gzip body and a 304 are in the queue."
    uses nginx python
    nginx_up
    capture "$HTTP"
    http_client pipelined
}

http/chunked() {
    about "Chunked bodies in both directions, with chunk extensions and trailers." \
        "the chunked coding: extensions (one with a quoted semicolon), leading zeros, trailers, gzip in chunks of 7 bytes, uploads."
    uses curl pypi:requests python
    edges_up
    capture "$EDGES"
    client curl -sS --compressed http://shop.test:8082/trailers http://shop.test:8082/extensions http://shop.test:8082/gzip-in-chunks
    client curl -sS -T "$RECORD/requirements.txt" -H 'Transfer-Encoding: chunked' -H 'Expect:' -X POST http://shop.test:8082/upload
    http_client chunked_upload
}

http/gzip() {
    about "nginx compresses HTML and JSON with gzip, in chunks." \
        "Content-Encoding gzip inside Transfer-Encoding chunked."
    uses nginx curl
    nginx_up
    capture "$HTTP"
    client curl -sS -H 'Accept-Encoding: gzip' -o /dev/null http://shop.test:8080/catalog.json -o /dev/null http://shop.test:8080/page.html
}

http/brotli() {
    about "nginx compresses HTML and JSON with its brotli module." "Content-Encoding br."
    uses nginx libnginx-mod-http-brotli-filter curl
    nginx_up
    capture "$HTTP"
    client curl -sS -H 'Accept-Encoding: br' -o /dev/null http://shop.test:8080/catalog.json -o /dev/null http://shop.test:8080/page.html
}

http/zstd() {
    about "An aiohttp server sends JSON that zstandard compressed." "Content-Encoding zstd."
    uses pypi:aiohttp pypi:zstandard curl
    app_up
    capture "$API"
    client curl -sS -H 'Accept-Encoding: zstd' -o /dev/null http://shop.test:8081/zstd
}

http/deflate() {
    about "An aiohttp server sends JSON as deflate: once as zlib's format, which the RFC means, once as the raw stream." \
        "Content-Encoding deflate in both of its readings."
    uses pypi:aiohttp curl
    app_up
    capture "$API"
    client curl -sS --compressed -o /dev/null http://shop.test:8081/deflate/zlib -o /dev/null http://shop.test:8081/deflate/raw
}

http/continue() {
    about "curl asks with Expect: 100-continue before it sends a body; two are asked for (100), the third is refused with 405." \
        "a 1xx answer before the final one, and a final one in place of it."
    uses nginx pypi:aiohttp curl
    app_up
    nginx_up
    capture "$HTTP or $API"
    head -c 3000 /dev/zero | tr '\0' z >"$SCRATCH/body.txt"
    client curl -sS -H 'Expect: 100-continue' -H 'Content-Type: text/plain' --data-binary "@$SCRATCH/body.txt" http://shop.test:8081/echo
    client curl -sS -H 'Expect: 100-continue' -T "$SCRATCH/body.txt" http://shop.test:8080/dav/new.txt
    client curl -sS -H 'Expect: 100-continue' --data-binary "@$SCRATCH/body.txt" http://shop.test:8080/catalog.json
}

http/multipart() {
    about "curl uploads a form with two fields and two files." "multipart/form-data, with a part that is no UTF-8."
    uses pypi:aiohttp curl
    app_up
    head -c 600 /dev/urandom >"$SCRATCH/photo.jpg"
    capture "$API"
    client curl -sS -o /dev/null -F 'title=Löwe' -F 'note=two
lines' -F "photo=@$SCRATCH/photo.jpg;type=image/jpeg" -F "list=@$RECORD/requirements.txt" http://shop.test:8081/echo
}

http/errors() {
    about "nginx refuses: 404, 500, 502 (its upstream is down), 503, 401, and 400, 405, 414 and 505 for requests that are malformed." \
        "error answers, and requests that a parser must report without losing its place."
    uses nginx curl python
    nginx_up
    capture "$HTTP"
    client curl -sS -o /dev/null http://shop.test:8080/missing -o /dev/null http://shop.test:8080/broken \
        -o /dev/null http://shop.test:8080/down -o /dev/null http://shop.test:8080/unavailable -o /dev/null http://shop.test:8080/private
    client curl -sS -o /dev/null --user anna:secret http://shop.test:8080/private
    http_client bad_requests
}

http/http10() {
    about "HTTP/1.0 from ab, with and without keep-alive, and from curl; a body that ends with the connection." \
        "HTTP/1.0's rules for the end of a body and of a connection."
    uses nginx apache2-utils curl python
    nginx_up
    edges_up
    capture "$HTTP or $EDGES"
    client ab -q -n 3 -c 1 http://127.0.0.1:8080/catalog.json
    client ab -q -k -n 4 -c 2 http://127.0.0.1:8080/catalog.json
    client curl -sS -0 -o /dev/null http://shop.test:8080/page.html
    client curl -sS -o /dev/null http://shop.test:8082/until-close
}

http/head-and-304() {
    about "HEAD, conditional GETs that are answered with 304, and OPTIONS." \
        "answers that carry a Content-Length or Content-Type and no body."
    uses nginx curl
    nginx_up
    capture "$HTTP"
    client curl -sS -I http://shop.test:8080/catalog.json http://shop.test:8080/missing
    client curl -sS -o /dev/null -H 'If-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT' http://shop.test:8080/catalog.json \
        -o /dev/null http://shop.test:8080/page.html
    client curl -sS -X OPTIONS -o /dev/null http://shop.test:8080/dav/
}

http/range() {
    about "Single and several ranges of one file, and one that can't be satisfied." \
        "206 with Content-Range and with multipart/byteranges, and 416."
    uses nginx curl
    nginx_up
    capture "$HTTP"
    client curl -sS -o /dev/null -r 100-299 http://shop.test:8080/photo.bin
    client curl -sS -o /dev/null -r 0-9,500-599,-5 http://shop.test:8080/photo.bin
    client curl -sS -o /dev/null -r 900000- http://shop.test:8080/photo.bin
}

http/redirects() {
    about "curl and wget follow redirects, one of them a POST." "301, 302 and 307, with relative and absolute locations."
    uses nginx curl wget
    nginx_up
    capture "$HTTP"
    client curl -sS -L -o /dev/null http://shop.test:8080/old
    client curl -sS -L -o /dev/null -d a=1 http://shop.test:8080/seeother
    client wget -q -O /dev/null http://shop.test:8080/old
}

http/wget() {
    about "wget mirrors a page, resumes a download and sends a form." "another client's spelling of requests."
    uses nginx wget
    nginx_up
    head -c 5000 "$SCRATCH/www/photo.bin" >"$SCRATCH/photo.bin"
    capture "$HTTP"
    client wget -q --continue -P "$SCRATCH" http://shop.test:8080/photo.bin
    client_failing wget -q -O /dev/null --post-data=a=1 http://shop.test:8080/page.html
    client wget -q -O /dev/null --auth-no-challenge --user=anna --password=secret http://shop.test:8080/private
}

http/websocket() {
    about "A WebSocket is opened, used with compression and closed; one message looks like an HTTP request." \
        "Upgrade with 101: from there on the stream is no HTTP."
    uses pypi:websockets
    serve 8090 "$PYTHON" "$RECORD/peers/websocket_server.py" 8090
    capture 'tcp port 8090'
    client "$PYTHON" "$RECORD/clients/websocket_client.py"
}

http/proxy() {
    about "curl goes through tinyproxy: absolute-form requests, a CONNECT tunnel to HTTPS, one to plain HTTP, and one that is refused." \
        "CONNECT with an authority as target, what is inside a tunnel, absolute-form targets, and the proxy's own connections."
    uses tinyproxy nginx curl
    nginx_up
    serve 8888 tinyproxy -d -c "$(render tinyproxy.conf)"
    capture 'tcp port 8888 or tcp port 8080 or tcp port 8443'
    client curl -sS -o /dev/null -x http://127.0.0.1:8888 http://shop.test:8080/catalog.json
    client curl -sS -o /dev/null -x http://127.0.0.1:8888 --http1.1 --cacert "$CERTIFICATE" https://shop.test:8443/page.html
    client curl -sS -o /dev/null -p -x http://127.0.0.1:8888 http://shop.test:8080/catalog.json
    client_failing curl -sS -o /dev/null -p -x http://127.0.0.1:8888 http://shop.test:81/
}

http/reverse-proxy() {
    about "nginx passes requests on to an aiohttp server over HTTP/1.1." "the same exchange seen twice, on two connections."
    uses nginx pypi:aiohttp curl
    app_up
    nginx_up
    capture "$HTTP or $API"
    client curl -sS -o /dev/null http://shop.test:8080/api/items -o /dev/null http://shop.test:8080/api/items/99
    client curl -sS -o /dev/null --json '{"name":"cup"}' http://shop.test:8080/api/items
}

http/webdav() {
    about "curl drives nginx's WebDAV modules through a file's life: MKCOL, PUT, PROPFIND, LOCK, COPY, MOVE, UNLOCK, DELETE." \
        "methods beyond HTTP's own, XML bodies, 207 and 201 answers, Destination and Depth headers."
    uses nginx libnginx-mod-http-dav-ext curl
    nginx_up
    capture "$HTTP"
    local dav=http://shop.test:8080/dav
    client curl -sS -o /dev/null -X MKCOL $dav/folder/
    client curl -sS -o /dev/null -T "$RECORD/requirements.txt" $dav/folder/a.txt
    client curl -sS -o /dev/null -X PROPFIND -H 'Depth: 1' $dav/folder/
    client curl -sS -o /dev/null -X LOCK -H 'Timeout: Second-60' -d '<?xml version="1.0"?><lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>' $dav/folder/a.txt
    client curl -sS -o /dev/null -X COPY -H "Destination: $dav/folder/b.txt" $dav/folder/a.txt
    client curl -sS -o /dev/null -X MOVE -H "Destination: $dav/folder/c.txt" $dav/folder/b.txt
    client curl -sS -o /dev/null -X DELETE $dav/folder/c.txt
    client curl -sS -o /dev/null -X PROPFIND -H 'Depth: 0' $dav/gone/
}

http/json-api() {
    about "requests drives a JSON API (aiohttp) with GET, POST, PUT, PATCH and DELETE." \
        "the service map's schemas: several shapes of one path's answers, optional keys, null against number, errors, two Set-Cookie."
    uses pypi:aiohttp pypi:requests
    app_up
    capture "$API"
    http_client json_api
}

http/bodies() {
    about "Bodies in UTF-8, in Latin-1, with all 256 bytes, and as a form; a query with percent-encoding." \
        "text and base64 fields of the event log."
    uses pypi:aiohttp pypi:requests
    app_up
    capture "$API"
    http_client bodies
}

http/port-5432() {
    about "nginx on PostgreSQL's port." "a payload that contradicts its port."
    uses nginx curl
    nginx_up
    capture 'tcp port 5432'
    client curl -sS -o /dev/null http://shop.test:5432/catalog.json -o /dev/null http://shop.test:5432/missing
}

http/early-response() {
    about "A server answers 413 while the request's body is still being sent." "an answer that comes before its request has ended."
    uses python
    edges_up
    capture "$EDGES"
    http_client early_response
}

http/broken-off() {
    about "Two answers end in the middle of their bodies: by a reset, and by an orderly close." \
        "messages that are never completed, and RST."
    uses pypi:requests python
    edges_up
    capture "$EDGES"
    http_client broken_answers
}

http/half-closed() {
    about "A client closes its direction right after the request; the answer follows." "FIN in one direction long before the other."
    uses python
    edges_up
    capture "$EDGES"
    http_client half_closed
}

http/server-sent-events() {
    about "curl reads five server-sent events that come 100 ms apart." "a response that takes its time."
    uses pypi:aiohttp curl
    app_up
    capture "$API"
    client curl -sS -N http://shop.test:8081/events
}

http/graphql() {
    about "httpx asks a shop in GraphQL (Ariadne, hypercorn): documents with and without names, several operations in one, GET, persisted queries, a batch; over HTTP/1.1 and HTTP/2. A search beside it is asked in words that look alike." \
        "operations as part of the endpoint, without their literals; what is no GraphQL."
    uses pypi:ariadne pypi:hypercorn pypi:httpx
    serve 8080 "$VENV/bin/hypercorn" --bind 127.0.0.1:8080 "$RECORD/peers/graphql_app.py:app"
    capture "$HTTP"
    client "$PYTHON" "$RECORD/clients/graphql_client.py" http://shop.test:8080
}

http/one-byte-segments() {
    about "A request in segments of one byte each." "verdicts that must not depend on how a stream is cut."
    uses nginx python
    nginx_up
    capture "$HTTP"
    http_client one_byte_segments
}

http/reused-port() {
    about "Two connections with the same addresses and ports, one after the other." "telling a new connection from an old one with the same tuple."
    uses nginx python
    nginx_up
    # The server closes first and keeps the tuple in TIME-WAIT; the kernel lets a SYN with a newer timestamp in.
    capture "$HTTP"
    http_client reused_port
}
