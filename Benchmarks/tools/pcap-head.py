#!/usr/bin/env python3
"""pcap-head.py IN OUT BYTES: the longest head of a pcap, in whole records, of at most BYTES bytes."""

import mmap
import os
import struct
import sys


def main():
    source, target, limit = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with open(source, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as capture:
        if capture[:4] not in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
            sys.exit(f"pcap-head.py: {source}: not a little-endian pcap file")
        limit = min(limit, len(capture))
        captured_length = struct.Struct("<I")
        end, packets = 24, 0
        while end + 16 <= limit:
            following = end + 16 + captured_length.unpack_from(capture, end + 8)[0]
            if following > limit:
                break
            end, packets = following, packets + 1
        with open(target + ".tmp", "wb") as head:
            for start in range(0, end, 1 << 24):
                head.write(capture[start : min(start + (1 << 24), end)])
        os.replace(target + ".tmp", target)
        print(f"{os.path.basename(target)}: {end} bytes, {packets} packets")


main()
