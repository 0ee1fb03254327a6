# shellcheck shell=bash
# NATS 2.9 with nats-py.

# nats_up [PORT]
nats_up() { serve "${1:-4222}" nats-server -a 127.0.0.1 -p "${1:-4222}"; }
nats_client() { client "$PYTHON" "$RECORD/clients/nats_client.py" "$@"; }

nats/publish() {
    about "A subscriber, a queue group and a wildcard get messages; a drain at the end." "INFO (the server speaks first), CONNECT, SUB, PUB, MSG, PING, PONG."
    uses nats-server pypi:nats-py
    nats_up
    capture 'tcp port 4222'
    nats_client publish
}

nats/headers() {
    about "Messages with headers and with bytes that are no text." "HPUB and HMSG."
    uses nats-server pypi:nats-py
    nats_up
    capture 'tcp port 4222'
    nats_client headers
}

nats/traces() {
    about "Messages whose headers name a trace, and some that only seem to." "traceparent in HPUB and HMSG."
    uses nats-server pypi:nats-py
    nats_up
    capture 'tcp port 4222'
    nats_client traces
}

nats/request-reply() {
    about "A request that is answered, and one for which there is nobody (503)." "inboxes and the no-responders status."
    uses nats-server pypi:nats-py
    nats_up
    capture 'tcp port 4222'
    nats_client request
}

nats/refused() {
    about "A client without the token that the server wants." "-ERR 'Authorization Violation'."
    uses nats-server pypi:nats-py
    serve 4222 nats-server -a 127.0.0.1 -p 4222 --auth secret
    capture 'tcp port 4222'
    client_failing "$PYTHON" "$RECORD/clients/nats_client.py" publish
}

nats/cluster() {
    about "Two servers form a cluster over port 6222; a message crosses it." "the second default port: routes, with INFO from both sides, RS+ and RMSG."
    uses nats-server pypi:nats-py
    nats_up_clustered() { serve "$1" nats-server -a 127.0.0.1 -p "$1" --cluster_name shop --cluster "nats://127.0.0.1:$2" --routes nats://127.0.0.1:6222; }
    nats_up_clustered 4222 6222
    capture 'tcp port 6222'
    nats_up_clustered 4223 6223
    nats_client across
}

nats/late-joined() {
    about "tcpdump is started when subscriptions are long made." "recognising NATS without INFO and CONNECT."
    uses nats-server pypi:nats-py
    nats_up
    late 'tcp port 4222' "$PYTHON" "$RECORD/clients/nats_client.py" late
}

nats/other-port() {
    about "NATS on port 14222." "recognising NATS without its port."
    uses nats-server pypi:nats-py
    nats_up 14222
    capture 'tcp port 14222'
    nats_client publish 14222
}

nats/other-port-late-joined() {
    about "NATS on port 14222, joined in mid-connection." "having neither port nor INFO to go by."
    uses nats-server pypi:nats-py
    nats_up 14222
    late 'tcp port 14222' "$PYTHON" "$RECORD/clients/nats_client.py" late 14222
}

nats/operations() {
    about "nats-py publishes, asks and answers, and works with JetStream; what another client heard on all subjects is in truth.jsonl." "operations: requests and their answers from both ends, no responders, headers, JetStream's interface, pull and push consumers, acknowledgements, a key-value bucket."
    uses nats-server pypi:nats-py
    printf 'host: 127.0.0.1\nport: 4222\njetstream { store_dir: "%s" }\nwebsocket { host: "127.0.0.1", port: 4280, no_tls: true }\n' "$SCRATCH/stream" >"$SCRATCH/nats.conf"
    serve 4222 nats-server -c "$SCRATCH/nats.conf"
    spawn "$PYTHON" "$RECORD/clients/nats_operations.py" witness "$SCRATCH/heard"
    await "the witness to listen" test -e "$SCRATCH/heard"
    sleep 1
    capture 'tcp port 4222'
    client "$PYTHON" "$RECORD/clients/nats_operations.py"
    capture_end
    mkdir -p "$OUT"
    cp "$SCRATCH/heard" "$OUT/truth.jsonl"
}

nats/tls() {
    about "nats-py over TLS, which begins behind the server's INFO." "TLS that begins within NATS; secrets in the capture."
    uses nats-server pypi:nats-py wireshark-common
    serve 4222 nats-server -a 127.0.0.1 -p 4222 --tls --tlscert "$CERTIFICATE" --tlskey "$PRIVATE_KEY"
    capture 'tcp port 4222'
    client env "SSLKEYLOGFILE=$SCRATCH/keys.log" "$PYTHON" "$RECORD/clients/nats_client.py" over_tls "$CERTIFICATE"
    keep_keys
}
