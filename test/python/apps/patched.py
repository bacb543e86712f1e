"""The app of gevent_app.py and eventlet_app.py, which patch Python before they import this."""
import threading
import time


def app_of(run):
    """`run` calls a function with 0, 1 and 2 at the same time and gives the results."""
    def app(environ, start_response):
        # Of one request: where threads share a lock of theirs, gevent 22 and eventlet fail by themselves.
        together = threading.Lock()

        def work(n):
            with together:
                time.sleep(0.01)
            return str(n)

        if environ['PATH_INFO'] == '/waits':
            time.sleep(20)
        body = ' '.join(run(work)) + ' ' + environ['wsgi.input'].read().decode()
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [body.encode()]
    return app
