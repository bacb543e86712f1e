"""An app that puts eventlet's locks, threads and sockets in the place of Python's."""
import eventlet

eventlet.monkey_patch()

import threading
import time

together = threading.Lock()


def work(n):
    with together:
        time.sleep(0.01)
    return n


def answers():
    return ' '.join(str(job.wait()) for job in [eventlet.spawn(work, n) for n in range(3)])


def app(environ, start_response):
    body = answers() + ' ' + environ['wsgi.input'].read().decode()
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [body.encode()]
