"""Talks over a WebSocket as it is told, by a client that has no part in Tapedeck.

    websocket_talk.py URL

Says `open`; then for each line of its input, a JSON array, one line of JSON with the frame that comes next:

    ["text", PART, ...]     a message, in so many fragments
    ["binary", PART, ...]   the same
    ["ping", TEXT]
    ["close", CODE, REASON]
    ["wait"]                nothing is sent
"""
import json
import sys

import websocket
from websocket import ABNF

KINDS = {"text": ABNF.OPCODE_TEXT, "binary": ABNF.OPCODE_BINARY, "ping": ABNF.OPCODE_PING}
NAMES = {ABNF.OPCODE_TEXT: "text", ABNF.OPCODE_BINARY: "binary", ABNF.OPCODE_CLOSE: "close", ABNF.OPCODE_PONG: "pong"}

try:
    connection = websocket.create_connection(sys.argv[1], timeout=30)
except websocket.WebSocketBadStatusException as refusal:
    print(json.dumps({"status": refusal.status_code, "text": refusal.resp_body.decode()}))
    sys.exit()
print("open", flush=True)
for line in sys.stdin:
    what, *parts = json.loads(line)
    try:
        if what == "close":
            connection.send_close(parts[0], parts[1].encode())
        elif what != "wait":
            for place, part in enumerate(parts):
                kind = KINDS[what] if place == 0 else ABNF.OPCODE_CONT
                connection.send_frame(ABNF.create_frame(part.encode(), kind, 1 if place == len(parts) - 1 else 0))
    except OSError:
        # The server has heard enough before it heard all; it has said why.
        pass
    # As it comes: nothing is answered for us.
    frame = connection.recv_frame()
    came = {"kind": NAMES[frame.opcode]}
    if frame.opcode == ABNF.OPCODE_CLOSE:
        came |= {"code": int.from_bytes(frame.data[:2]), "text": frame.data[2:].decode()}
    else:
        came |= {"text": frame.data.decode()}
    print(json.dumps(came), flush=True)
connection.shutdown()
