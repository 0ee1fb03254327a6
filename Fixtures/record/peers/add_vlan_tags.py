"""Puts two VLAN tags behind the addresses of every Ethernet frame of a pcap: python add_vlan_tags.py IN OUT"""
import struct
import sys

TAGS = struct.pack(">HHHH", 0x88A8, 100, 0x8100, 77)

with open(sys.argv[1], "rb") as source, open(sys.argv[2], "wb") as target:
    target.write(source.read(24))
    while header := source.read(16):
        seconds, fraction, captured, original = struct.unpack("<IIII", header)
        frame = source.read(captured)
        target.write(struct.pack("<IIII", seconds, fraction, captured + len(TAGS), original + len(TAGS)))
        target.write(frame[:12] + TAGS + frame[12:])
