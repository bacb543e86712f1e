"""Serves a WSGI app of PEP 333 by HTTP, for a `run` mount of Sidegate: python2 serve.py MODULE:CALLABLE PORT. Python 2.6 and newer, Jython."""
import os
import sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

try:
    from SocketServer import ThreadingMixIn
    from urllib import unquote
except ImportError:
    from socketserver import ThreadingMixIn
    from urllib.parse import unquote_to_bytes

    def unquote(text):
        return unquote_to_bytes(text).decode('latin-1')


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class Handler(WSGIRequestHandler):
    def get_environ(self):
        environ = WSGIRequestHandler.get_environ(self)
        # What Sidegate says of the client; nobody else reaches 127.0.0.1:PORT.
        environ['SCRIPT_NAME'] = unquote(environ.pop('HTTP_X_FORWARDED_PREFIX', ''))
        environ['REMOTE_ADDR'] = environ.get('HTTP_X_FORWARDED_FOR', '').split(',')[-1].strip()
        if environ.get('HTTP_X_FORWARDED_PROTO') == 'https':
            environ['HTTPS'] = 'on'
        return environ

    def address_string(self):
        return self.client_address[0]  # the original asks for a name

    def log_message(self, *arguments):
        pass  # Sidegate has the log


if __name__ == '__main__':
    sys.path.insert(0, os.getcwd())
    module, _, name = sys.argv[1].partition(':')
    app = getattr(__import__(module, fromlist=['*']), name or 'application')
    server = Server(('127.0.0.1', int(sys.argv[2])), Handler)
    server.set_app(app)
    server.serve_forever()
