"""What the app prints, and where it goes: during a request to the log of that request."""
import io
import os
import threading

running = threading.local()
# Longer texts are cut: a log line is no place for a data dump.
TEXT_MAX = 256 * 1024


class Errors:
    """wsgi.errors: text for the log, by whole lines, with the name of the request."""

    def __init__(self, request):
        self.request = request

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError('wsgi.errors takes str, not %s' % type(text).__name__)
        self.request.log('errors', text)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass


class Output(io.TextIOBase):
    """sys.stdout and sys.stderr: inside a request its log, elsewhere the pipe."""

    def __init__(self, name, original):
        io.TextIOBase.__init__(self)
        self.stream = name
        self.original = original
        # The gateway reads UTF-8 and lines with a plain end, whatever the system has for text.
        own = {'encoding': 'utf-8', 'newline': '\n'} if os.name == 'nt' else {}
        original.reconfigure(line_buffering=True, errors='backslashreplace', **own)

    def request(self):
        """Whose output it is; None outside of requests."""
        return getattr(running, 'request', None)

    def write(self, text):
        request = self.request()
        if request is None:
            return self.original.write(text)
        if not isinstance(text, str):
            raise TypeError('write() argument must be str, not %s' % type(text).__name__)
        request.log(self.stream, text)
        return len(text)

    def writable(self):
        return True

    def flush(self):
        self.original.flush()

    def fileno(self):
        return self.original.fileno()

    @property
    def buffer(self):
        return self.original.buffer

    @property
    def encoding(self):
        return self.original.encoding

    @property
    def errors(self):
        return self.original.errors
