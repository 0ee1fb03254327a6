# shellcheck shell=bash
# WebSocket in plain text.

websocket/calls() {
    about "websockets' client asks websockets' server in JSON-RPC 2.0 and in GraphQL over WebSocket, and sends JSON of several kinds, a message in fragments, a large one, a ping and a close of its own code." \
        "calls that pair by their ids, kinds of messages, permessage-deflate with a window that is kept, fragments, close codes."
    uses pypi:websockets
    serve 8090 "$PYTHON" "$RECORD/peers/websocket_calls.py" 8090
    capture 'tcp port 8090'
    client "$PYTHON" "$RECORD/clients/websocket_calls.py" ws://shop.test:8090
}

websocket/late-joined() {
    about "The same, captured when the client is halfway: handshake and the first messages, to which compressed ones refer, are missing." \
        "WebSocket by its frames; compressed messages of which only some can be read."
    uses pypi:websockets
    serve 8090 "$PYTHON" "$RECORD/peers/websocket_calls.py" 8090
    late 'tcp port 8090' "$PYTHON" "$RECORD/clients/websocket_late.py" ws://shop.test:8090
}

websocket/node() {
    about "Node's own WebSocket client talks to websockets' server, in plain and with compression." \
        "another client's masks, windows and close frames."
    uses nodejs pypi:websockets
    serve 8090 "$PYTHON" "$RECORD/peers/websocket_calls.py" 8090
    capture 'tcp port 8090'
    client node --experimental-websocket "$RECORD/clients/websocket_client.mjs" ws://shop.test:8090/live
}

websocket/browser() {
    about "Chromium opens a page whose script opens a WebSocket, says hello in JSON, and closes it." \
        "a browser's handshake, compression and masks; the page beside it."
    uses chromium pypi:websockets
    serve 8090 "$PYTHON" "$RECORD/peers/websocket_calls.py" 8090
    capture 'tcp port 8090'
    client chromium --headless=new --no-sandbox --disable-gpu --no-first-run --user-data-dir="$SCRATCH/profile" \
        --dump-dom http://shop.test:8090/page
}

websocket/nats() {
    about "A NATS client written for the purpose talks to nats-server through its WebSocket port: INFO, CONNECT, PUB, SUB, MSG in binary messages." \
        "a message bus within a WebSocket."
    uses nats-server pypi:websockets
    printf 'port: 4222\nwebsocket { port: 8090, no_tls: true }\n' >"$SCRATCH/nats.conf"
    serve 8090 nats-server -c "$SCRATCH/nats.conf"
    capture 'tcp port 8090'
    client "$PYTHON" "$RECORD/clients/websocket_nats.py" ws://shop.test:8090
}
