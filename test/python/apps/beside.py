TEXT = b'from a file'
