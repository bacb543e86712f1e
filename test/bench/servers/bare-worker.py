"""A worker of bare-workers.ts: name-value pairs in, a response out, a length in front of each. argv: the app as module:callable."""
import importlib
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../../sidecar/mounts/python'))
from sidegate_worker.serving import give_way  # noqa: E402
from sidegate_worker.variables import read_params  # noqa: E402

sys.path.insert(0, os.getcwd())
module, name = sys.argv[1].split(':')
app = getattr(importlib.import_module(module), name)
gateway = socket.socket(fileno=3)
give_way()
head = []


def start_response(status, headers):
    head[:] = ['HTTP/1.1 %s\r\n' % status] + ['%s: %s\r\n' % pair for pair in headers]


data = b''
while True:
    while len(data) < 4 or len(data) < 4 + int.from_bytes(data[:4], 'big'):
        more = gateway.recv(65536)
        if not more:
            sys.exit()
        data += more
    end = 4 + int.from_bytes(data[:4], 'big')
    environ = {}
    read_params(data[4:end], environ)
    data = data[end:]
    body = b''.join(app(environ, start_response))
    answer = ''.join(head).encode('latin-1') + b'\r\n' + body
    gateway.sendall(len(answer).to_bytes(4, 'big') + answer)
