"""Answers every line with a line of small talk: python line_peer.py PORT"""
import itertools
import socketserver
import sys

SMALL_TALK = itertools.cycle([b"fine, thank you\r\n", b"and the same to you\r\n", b"OK then, 100 percent\r\n"])


class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        for _ in self.rfile:
            self.wfile.write(next(SMALL_TALK))


socketserver.TCPServer.allow_reuse_address = True
socketserver.TCPServer(("127.0.0.1", int(sys.argv[1])), Connection).serve_forever()
