TEXT = b'from the folder'
