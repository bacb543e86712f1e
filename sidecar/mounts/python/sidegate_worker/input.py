"""The body of a request."""
import sys

from .fastcgi import ABORT, STDIN


class Input:
    """The request body as it arrives. At its end every read gives b''; with the client gone it raises ConnectionResetError."""

    def __init__(self, connection):
        self.connection = connection
        self.sequence = connection.sequence
        self.chunk = b''
        self.at = 0
        self.done = connection.bodiless
        # Called before the first of it is waited for: the gateway holds it back until then.
        self.ask = None

    def more(self):
        """The next piece in `chunk`; False at the end."""
        connection = self.connection
        if self.done or connection.sequence != self.sequence:
            return False
        connection.demand_client()
        exposed = connection.exposed
        connection.exposed = False
        try:
            return self.receive(connection)
        finally:
            if exposed:
                connection.expose()

    def receive(self, connection):
        ask, self.ask = self.ask, None
        if ask is not None:
            ask()
        while True:
            kind, _, content = connection.record()
            if kind == STDIN:
                self.chunk = content
                self.at = 0
                if not content:
                    self.done = True
                    return False
                return True
            if kind == ABORT:
                connection.aborted = self.sequence
                connection.demand_client()

    def read(self, size=-1):
        """`size` bytes, fewer only at the end; everything without `size`."""
        if size is None or size < 0:
            pieces = [self.chunk[self.at:]]
            self.chunk = b''
            self.at = 0
            while self.more():
                pieces.append(self.chunk)
                self.chunk = b''
            return b''.join(pieces)
        pieces = []
        while size > 0:
            have = len(self.chunk) - self.at
            if have == 0:
                if not self.more():
                    break
                continue
            take = have if have < size else size
            pieces.append(self.chunk[self.at:self.at + take])
            self.at += take
            size -= take
        return pieces[0] if len(pieces) == 1 else b''.join(pieces)

    def readline(self, size=-1):
        """One line with its end, or the first `size` bytes of it."""
        room = sys.maxsize if size is None or size < 0 else size
        pieces = []
        while room > 0:
            have = len(self.chunk) - self.at
            if have == 0:
                if not self.more():
                    break
                continue
            newline = self.chunk.find(b'\n', self.at, self.at + min(have, room))
            take = newline + 1 - self.at if newline >= 0 else min(have, room)
            pieces.append(self.chunk[self.at:self.at + take])
            self.at += take
            room -= take
            if newline >= 0:
                break
        return b''.join(pieces)

    def readlines(self, hint=-1):
        """All lines; stops behind the one that reaches `hint` bytes."""
        lines = []
        total = 0
        for line in self:
            lines.append(line)
            total += len(line)
            if hint is not None and 0 < hint <= total:
                break
        return lines

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line
