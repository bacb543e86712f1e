"""Windows: the connection is two pipes, which no event loop can wait for. A thread reads the one, another writes to the other."""
import queue

from ..native import start_native_thread

READ = 65536


class PipeTransport:
    """What a Link wants of a transport."""

    def __init__(self, ends):
        self.ends = ends
        self.waiting = queue.SimpleQueue()

    def write(self, data):
        self.waiting.put(data)

    def get_write_buffer_size(self):
        return self.waiting.qsize()

    def is_closing(self):
        return False

    def send(self):
        try:
            while True:
                self.ends.sendall(self.waiting.get())
        except OSError:
            pass  # the gateway is gone: the other pipe's end says so too


def connect(loop, link, ends):
    """Joins a link to the pipes."""
    transport = PipeTransport(ends)
    link.connection_made(transport)

    def receive():
        while True:
            try:
                data = ends.recv(READ)
            except OSError:
                data = b''
            loop.call_soon_threadsafe(link.data_received if data else link.connection_lost, data or None)
            if not data:
                return

    start_native_thread(receive, ())
    start_native_thread(transport.send, ())
