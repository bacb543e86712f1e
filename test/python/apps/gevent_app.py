"""An app that puts gevent's locks, threads and sockets in the place of Python's."""
from gevent import monkey

monkey.patch_all()

import gevent
import threading
import time

together = threading.Lock()


def work(n):
    with together:
        time.sleep(0.01)
    return n


def answers():
    jobs = [gevent.spawn(work, n) for n in range(3)]
    gevent.joinall(jobs)
    return ' '.join(str(job.value) for job in jobs)


def app(environ, start_response):
    body = answers() + ' ' + environ['wsgi.input'].read().decode()
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [body.encode()]
