"""Listens to events and to lines, over HTTP/2 and over HTTP/1.1: python events_client.py URL"""
import sys

import httpx

for http2 in True, False:
    with httpx.Client(http1=not http2, http2=http2, base_url=sys.argv[1]) as client:
        for path in "/events", "/lines":
            with client.stream("GET", path) as answer:
                print(answer.http_version, path, len(list(answer.iter_lines())))
