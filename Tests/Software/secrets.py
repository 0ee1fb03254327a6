#!/usr/bin/env python3
"""Prints the key logs that a pcapng file holds (Decryption Secrets Blocks): secrets.py FILE"""
import struct
import sys

SECRETS_BLOCK, TLS_KEY_LOG = 0x0A, 0x544C534B  # draft-ietf-opsawg-pcapng, section 4.7

data = open(sys.argv[1], "rb").read()
order = "<" if data[8:12] == b"\x4d\x3c\x2b\x1a" else ">"
place = 0
while place + 12 <= len(data):
    kind, length = struct.unpack_from(order + "II", data, place)
    if kind == SECRETS_BLOCK:
        form, size = struct.unpack_from(order + "II", data, place + 8)
        if form == TLS_KEY_LOG:
            sys.stdout.write(data[place + 16:place + 16 + size].decode())
    place += length
