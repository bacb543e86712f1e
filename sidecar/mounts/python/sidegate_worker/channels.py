"""What a worker inherits from the gateway: descriptors from 3 on, a connection each and the control channel behind them.

On Windows, which has no socket pairs, each of them is two pipes, one to read and one behind it to write: a thread that reads a pipe keeps others
from writing to it.
"""
import os
import socket

FIRST = 3
PIPES = os.name == 'nt'


class PipeEnds:
    """Two pipes as a socket would be."""

    def __init__(self, reads, writes):
        self.reads = reads
        self.writes = writes

    def recv(self, size):
        try:
            return os.read(self.reads, size)
        except OSError:
            raise ConnectionResetError('the gateway is gone')

    def sendall(self, data):
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self.writes, view):]
        except OSError:
            # Windows has several names for it.
            raise BrokenPipeError('the gateway is gone')

    def over(self):
        import _winapi
        import msvcrt
        try:
            _winapi.PeekNamedPipe(msvcrt.get_osfhandle(self.reads), 0)
            return False
        except OSError:
            return True


def descriptors(place):
    """Where number `place` of them is read and written."""
    if PIPES:
        return FIRST + 2 * place, FIRST + 2 * place + 1
    return FIRST + place, FIRST + place


def open_connection(index):
    reads, writes = descriptors(index)
    if PIPES:
        keep(reads, writes)
        return PipeEnds(reads, writes)
    sock = socket.socket(fileno=reads)
    sock.set_inheritable(False)
    sock.setblocking(True)
    return sock


def open_control(threads):
    """Its descriptors to read and to write."""
    reads, writes = descriptors(threads)
    keep(reads, writes)
    return reads, writes


def keep(reads, writes):
    """What the app starts shall not inherit them."""
    os.set_inheritable(reads, False)
    os.set_inheritable(writes, False)


def is_over(connection):
    """Whether the gateway has closed it, as far as can be seen without waiting."""
    if PIPES:
        return connection.over()
    return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
