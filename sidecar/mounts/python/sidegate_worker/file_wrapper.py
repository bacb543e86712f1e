"""Files as a response body."""
import os
import stat

from .fastcgi import RECORD_MAX


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

    def widen(self):
        """Files on a disk are read in blocks of a record: fewer turns. Others may make their reader wait: left as they are."""
        try:
            if stat.S_ISREG(os.fstat(self.file.fileno()).st_mode) and self.block_size < RECORD_MAX:
                self.block_size = RECORD_MAX
        except (AttributeError, OSError, ValueError, TypeError):
            pass
