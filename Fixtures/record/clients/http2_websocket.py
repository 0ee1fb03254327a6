"""A WebSocket on a stream of HTTP/2 (RFC 8441), beside a GET: python http2_websocket.py HOST PORT"""
import json
import socket
import sys

import h2.config
import h2.connection
import h2.events


def frame(text):
    payload = text.encode()
    mask = b"\x37\xfa\x21\x3d"
    return bytes([0x81, 0x80 | len(payload)]) + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


host, port = sys.argv[1], int(sys.argv[2])
with socket.create_connection((host, port)) as wire:
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    connection.initiate_connection()
    wire.sendall(connection.data_to_send())
    shop = f"shop.test:{port}"
    state = {"open": False, "texts": 0, "got": False}

    def ask():
        connection.send_headers(1, [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/chat"),
            (":authority", shop), ("sec-websocket-version", "13")])

    asked = False
    while state["texts"] < 2 or not state["got"]:
        for event in connection.receive_data(wire.recv(65536)):
            if isinstance(event, h2.events.RemoteSettingsChanged) and not asked:
                asked = True
                ask()
            elif isinstance(event, h2.events.ResponseReceived) and event.stream_id == 1:
                connection.send_data(1, frame(json.dumps({"type": "join", "room": "a"})))
                connection.send_headers(3, [
                    (":method", "GET"), (":scheme", "http"), (":path", "/items/1"), (":authority", shop)], end_stream=True)
            elif isinstance(event, h2.events.DataReceived):
                connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if event.stream_id == 1:
                    state["texts"] += 1
                    if state["texts"] == 1:
                        connection.send_data(1, frame(json.dumps({"type": "say", "text": "hello"})))
            elif isinstance(event, h2.events.StreamEnded) and event.stream_id == 3:
                state["got"] = True
        wire.sendall(connection.data_to_send())
    connection.send_data(1, b"\x88\x82\x00\x00\x00\x00\x03\xe8", end_stream=True)
    connection.close_connection()
    wire.sendall(connection.data_to_send())
