"""Shared by the clients: picking a scenario by name, and waiting halfway for the capture to begin."""
import asyncio
import inspect
import sys


def halfway():
    """Tells record/lib.sh's `late` that the connection is in full use, and waits until tcpdump runs."""
    print("halfway", flush=True)
    sys.stdin.readline()


def run(scenarios):
    """Calls the function named by the first argument with the others: run(globals())."""
    scenario = scenarios[sys.argv[1]]
    result = scenario(*sys.argv[2:])
    if inspect.iscoroutine(result):
        asyncio.run(result)
