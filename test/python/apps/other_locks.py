"""What eventlet.monkey_patch() does: from now on locks of the threading module belong to the thread that took them."""
import threading

native = threading._allocate_lock


class Lock:
    def __init__(self):
        self.lock = native()
        self.owner = None

    def acquire(self, *args, **more):
        taken = self.lock.acquire(*args, **more)
        self.owner = threading.get_ident()
        return taken

    def release(self):
        if self.owner != threading.get_ident():
            raise RuntimeError('cannot switch to a different thread')
        self.lock.release()

    def __enter__(self):
        self.acquire()

    def __exit__(self, *error):
        self.release()


threading._allocate_lock = threading.Lock = Lock


def app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'served']
