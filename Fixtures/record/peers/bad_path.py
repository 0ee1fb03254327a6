"""A bad network path between two TUN devices, which the caller may move to other namespaces.

    python bad_path.py NAME NAME
"""
import fcntl
import heapq
import os
import random
import select
import struct
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
DELAY, EXTRA_DELAY = 0.003, 0.004  # seconds
LOST, DUPLICATED, OVERTAKEN = 0.04, 0.05, 0.20

rng = random.Random(7)


def open_tun(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


def arrivals(now):
    """When the copies of a packet arrive at the other end: none, one or two times."""
    if rng.random() < LOST:
        return
    yield now + DELAY + (EXTRA_DELAY if rng.random() < OVERTAKEN else 0)
    if rng.random() < DUPLICATED:
        yield now + DELAY + EXTRA_DELAY


def deliver(device, packet):
    try:
        os.write(device, packet)
    except OSError:  # not up yet, or not any more; packets get lost here anyway
        pass


def main():
    near, far = open_tun(sys.argv[1]), open_tun(sys.argv[2])
    other = {near: far, far: near}
    under_way, number = [], 0  # (arrival, number, destination, packet): the number keeps equal times in order
    while True:
        timeout = max(0, under_way[0][0] - time.monotonic()) if under_way else None
        for device in select.select([near, far], [], [], timeout)[0]:
            packet = os.read(device, 65536)
            for arrival in arrivals(time.monotonic()):
                number += 1
                heapq.heappush(under_way, (arrival, number, other[device], packet))
        while under_way and under_way[0][0] <= time.monotonic():
            _, _, destination, packet = heapq.heappop(under_way)
            deliver(destination, packet)


main()
