"""Answers whatever it gets with random bytes, the same in every run: python random_peer.py PORT"""
import random
import socketserver
import sys


class Connection(socketserver.BaseRequestHandler):
    def handle(self):
        rng = random.Random(int(sys.argv[1]))
        while self.request.recv(4096):
            self.request.sendall(rng.randbytes(rng.randrange(20, 600)))


socketserver.TCPServer.allow_reuse_address = True
socketserver.TCPServer(("127.0.0.1", int(sys.argv[1])), Connection).serve_forever()
