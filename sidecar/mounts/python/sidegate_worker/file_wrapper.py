"""Files as a response body."""
import io
import os
import stat

from .fastcgi import RECORD_MAX


PLAIN = (io.BufferedReader, io.BufferedRandom, io.FileIO)


class FileWrapper:
    """wsgi.file_wrapper: sends a file-like object in blocks."""

    def __init__(self, file, block_size=8192):
        self.file = file
        self.block_size = block_size
        if hasattr(file, 'close'):
            self.close = file.close

    def __iter__(self):
        return self

    def __next__(self):
        block = self.file.read(self.block_size)
        if not block:
            raise StopIteration
        return block

    def on_disk(self):
        """Descriptor, where to begin, and bytes to its end, of what is a file on a disk and nothing else; None for all others: what has a
        descriptor may still change what it reads (gzip), or hold what was written."""
        file = self.file
        if type(file).__name__ == '_TemporaryFileWrapper':
            file = getattr(file, 'file', None)
        if type(file) not in PLAIN:
            return None
        try:
            if type(file) is not io.FileIO:
                file.flush()
            state = os.fstat(file.fileno())
            at = file.tell()
        except (OSError, ValueError):
            return None
        return (file.fileno(), at, state.st_size - at) if stat.S_ISREG(state.st_mode) and state.st_size > at else None

    def widen(self):
        """Files on a disk are read in blocks of a record: fewer turns. Others may make their reader wait: left as they are."""
        try:
            if stat.S_ISREG(os.fstat(self.file.fileno()).st_mode) and self.block_size < RECORD_MAX:
                self.block_size = RECORD_MAX
        except (AttributeError, OSError, ValueError, TypeError):
            pass
