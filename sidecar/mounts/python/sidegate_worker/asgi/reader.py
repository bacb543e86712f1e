"""Takes frames out of the bytes of the connection."""
from .frames import unpack_frame


class FrameReader:
    """Keeps the beginning of one frame. `frame(kind, id, payload)` is called for each that is whole."""

    def __init__(self, frame):
        self.frame = frame
        self.pieces = []
        self.have = 0
        self.need = 8

    def receive(self, data):
        if self.have:
            self.pieces.append(data)
            self.have += len(data)
            if self.have < self.need:
                return
            data = b''.join(self.pieces)
            self.pieces = []
            self.have = 0
        frame = self.frame
        at = 0
        size = len(data)
        need = 8
        while size - at >= 8:
            first, number = unpack_frame(data, at)
            end = at + 8 + (first >> 8)
            if end > size:
                need = end - at
                break
            frame(first & 0xff, number, data[at + 8:end])
            at = end
        if at < size:
            self.pieces.append(data[at:])
            self.have = size - at
            self.need = need
