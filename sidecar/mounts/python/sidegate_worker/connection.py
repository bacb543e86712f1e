"""The way of requests and responses between the gateway and a thread."""
import os
import socket

from .channels import is_over, open_connection
from .fastcgi import BEGIN, PARAMS, pack_record, unpack_record
from .forks import Parted
from .limits import TimeLimitExceeded, absorb
from .native import native_read
from .slots import SLOT, TEXT_FROM, unpack_slot
from .variables import read_packed, read_params

# Less than malloc's threshold for mapping memory, which would cost two system calls a recv.
RECV_SIZE = 65536


class Gone(ConnectionResetError):
    """The client went away: nobody waits for the response, the body is not complete."""

    # Tracebacks have its name alone.
    __module__ = '__main__'

    def __init__(self):
        ConnectionResetError.__init__(self, 'the client went away before the request was complete')


class Connection:
    """One inherited connection: requests one after the other, each run to its end before the next."""

    def __init__(self, index, base):
        sock = open_connection(index)
        self.index = index
        self.sock = sock
        self.recv = sock.recv
        self.base = dict(base)
        self.base['sidegate.client_gone'] = self.client_gone
        self.data = b''
        self.at = 0
        # Requests are counted on both sides, so that an abort which comes late never hits the next one.
        self.sequence = 0
        self.aborted = 0
        # The time limit of a request (limits.py): the number of the one that is late; whether the app's code runs, which may be interrupted;
        # an interruption is being made; one is on its way to this thread.
        self.late = 0
        self.exposed = False
        self.entering = False
        self.pending = False
        # The thread that serves it.
        self.thread = None
        self.sending = False
        self.request_id = 1
        # The request under way came in a slot: it has no body.
        self.bodiless = False
        self.requests = None

    def record(self):
        """The next record: kind, request id, content. EOFError when the gateway has closed the connection."""
        data = self.data
        at = self.at
        have = len(data) - at
        if have < 8:
            data, at, have = self.fill(data, at, 8)
        _, kind, request_id, length, padding = unpack_record(data, at)
        size = 8 + length + padding
        if have < size:
            data, at, have = self.fill(data, at, size)
        if have == size:
            self.data = b''
            self.at = 0
        else:
            self.data = data
            self.at = at + size
        return kind, request_id, data[at + 8:at + 8 + length]

    def fill(self, data, at, size):
        if at == len(data):
            data = self.recv(RECV_SIZE)
            have = len(data)
            if have >= size:
                return data, 0, have
            if have == 0:
                raise EOFError
        else:
            data = data[at:]
            have = len(data)
        pieces = [data]
        while have < size:
            piece = self.recv(RECV_SIZE)
            if not piece:
                raise EOFError
            pieces.append(piece)
            have += len(piece)
        return b''.join(pieces), 0, have

    def accept(self):
        """Waits for a request; its environ without the streams."""
        environ = self.base.copy()
        if self.requests is None:
            self.sequence += 1
        else:
            slot = native_read(self.requests, SLOT)
            if not slot:
                raise EOFError
            self.sequence, length, self.request_id = unpack_slot(slot)
            if length:
                self.bodiless = True
                read_packed(slot[TEXT_FROM:TEXT_FROM + length].decode('latin-1'), environ)
                return environ
        self.bodiless = False
        record = self.record
        # What is left of the request before is skipped.
        kind = 0
        while kind != BEGIN:
            kind, self.request_id, _ = record()
        kind, _, content = record()
        params = b''
        while kind == PARAMS and content:
            params = params + content if params else content
            kind, _, content = record()
        if kind != PARAMS:
            raise ValueError('FastCGI record of type %d among the parameters' % kind)
        read_params(params, environ)
        return environ

    def send(self, data):
        exposed = self.exposed
        self.exposed = False
        self.sending = True
        self.sock.sendall(data)
        self.sending = False
        if exposed:
            self.expose()

    def send_file(self, kind, file, at, size):
        """One record with a part of a file, which the system copies from there."""
        exposed = self.exposed
        self.exposed = False
        self.sending = True
        self.sock.sendall(pack_record(1, kind, self.request_id, size, 0))
        end = at + size
        while at < end:
            try:
                sent = os.sendfile(self.sock.fileno(), file, at, end - at)
            except ConnectionError:
                raise
            except OSError:
                # Not every file system has that.
                data = os.pread(file, end - at, at)
                self.sock.sendall(data)
                sent = len(data)
            if not sent:
                # What was announced cannot be sent, and nothing can come behind it.
                self.sock.shutdown(socket.SHUT_RDWR)
                raise ConnectionError('the file became shorter while it was sent')
            at += sent
        self.sending = False
        if exposed:
            self.expose()

    def expose(self):
        """Back to the app's code, which may be interrupted."""
        self.exposed = True
        if self.late == self.sequence:
            self.shield()
            raise TimeLimitExceeded()

    def shield(self):
        """Nothing is interrupted from here on."""
        self.exposed = False
        if self.late == self.sequence:
            absorb(self)

    def client_gone(self):
        """For apps: whether nobody waits for the response of the request under way any more."""
        return self.aborted == self.sequence

    def demand_client(self):
        """Raises when nobody waits for the response any more."""
        if self.aborted == self.sequence:
            if self.late == self.sequence:
                raise TimeLimitExceeded()
            raise Gone()

    def is_over(self):
        """Whether the gateway has closed it."""
        try:
            return is_over(self.sock)
        except OSError:
            return False

    def part(self):
        """Takes it away from a process that the app has forked."""
        self.sock.close()
        self.sock = Parted()
        self.recv = self.sock.recv
        self.data = b''
        self.at = 0
