# shellcheck shell=bash
# MongoDB: pymongo, the official driver, against a minimal peer (record/peers/mongodb_peer.py).
# Neither Debian nor PyPI has a MongoDB server. The client's bytes are the driver's own; the peer's
# are real BSON in real OP_MSG and OP_REPLY frames, but what is in them is the peer's invention.

MONGODB_NOTE="The server is not MongoDB but the minimal peer record/peers/mongodb_peer.py; the client is the real driver."

# mongodb_up [PORT] [PEER OPTION…]
mongodb_up() {
    note "$MONGODB_NOTE"
    local port=${1:-27017}
    shift $(($# > 0))
    serve "$port" "$PYTHON" "$RECORD/peers/mongodb_peer.py" "$port" "$@"
}

mongodb/crud() {
    about "pymongo inserts, finds (with a cursor that is read on), aggregates, updates, deletes, and makes an error." "OP_MSG both ways with hello as OP_QUERY at the start; document sequences; pymongo's monitoring connections."
    uses pypi:pymongo
    mongodb_up
    capture 'tcp port 27017'
    client "$PYTHON" "$RECORD/clients/mongodb_client.py" crud
}

mongodb/compressed() {
    about "pymongo and the peer agree on zlib." "OP_COMPRESSED."
    uses pypi:pymongo
    mongodb_up
    capture 'tcp port 27017'
    client "$PYTHON" "$RECORD/clients/mongodb_client.py" compressed
}

mongodb/unacknowledged() {
    about "pymongo inserts with write concern 0." "OP_MSG with moreToCome, which has no answer."
    uses pypi:pymongo
    mongodb_up
    capture 'tcp port 27017'
    client "$PYTHON" "$RECORD/clients/mongodb_client.py" unacknowledged
}

mongodb/late-joined() {
    about "tcpdump is started in the middle of the connections." "recognising MongoDB without the handshake."
    uses pypi:pymongo
    mongodb_up
    late 'tcp port 27017' "$PYTHON" "$RECORD/clients/mongodb_client.py" late
}

mongodb/other-port() {
    about "The peer on port 30000." "recognising MongoDB without its port."
    uses pypi:pymongo
    mongodb_up 30000
    capture 'tcp port 30000'
    client "$PYTHON" "$RECORD/clients/mongodb_client.py" crud 30000
}
