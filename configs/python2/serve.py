"""Serves a WSGI app of PEP 333 by HTTP, for a `run` mount of Sidegate: python2 serve.py MODULE:CALLABLE PORT. Python 2.6 and newer, Jython."""
import io
import os
import re
import socket
import sys
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

try:
    from SocketServer import ThreadingMixIn
    from urllib import unquote
except ImportError:
    from socketserver import ThreadingMixIn
    from urllib.parse import unquote_to_bytes

    def unquote(text):
        return unquote_to_bytes(text).decode('latin-1')

CONTROL = re.compile('[\x00-\x08\x0a-\x1f\x7f]').search


class Body(io.RawIOBase):
    """The body of a request: the connection goes on behind its end."""

    def __init__(self, connection, length):
        self.connection = connection
        self.left = length

    def readable(self):
        return True

    def readinto(self, buffer):
        data = self.connection.read(min(len(buffer), self.left))
        if not data and self.left:
            raise IOError('the connection was closed in the middle of the request body')
        self.left -= len(data)
        buffer[:len(data)] = data
        return len(data)


class Call(ServerHandler):
    http_version = '1.1'
    begun = False
    is_chunked = False

    def start_response(self, status, headers, exc_info=None):
        for text in [status] + [text for pair in headers for text in pair]:
            if CONTROL(text):
                raise ValueError('a control character in the status or a header: %r' % text)
        return ServerHandler.start_response(self, status, headers, exc_info)

    def send_headers(self):
        self.begun = True
        self.cleanup_headers()
        self.headers['Connection'] = 'close'
        # Without a length the end of the chunks tells that the response is complete.
        is_chunked = 'Content-Length' not in self.headers and self.status[:3] not in ('204', '304')
        if is_chunked:
            self.headers['Transfer-Encoding'] = 'chunked'
        ServerHandler.send_headers(self)
        self.is_chunked = is_chunked

    def _write(self, data):
        if not self.is_chunked:
            self.stdout.write(data)
        elif data:
            self.stdout.write(('%x\r\n' % len(data)).encode('ascii') + data + b'\r\n')

    def finish_content(self):
        ServerHandler.finish_content(self)
        if self.is_chunked:
            self.stdout.write(b'0\r\n\r\n')

    def handle_error(self):
        if self.begun:
            self.log_exception(sys.exc_info())
        else:
            # Python 2 has forgotten it by now.
            self.environ = self.base_env
            ServerHandler.handle_error(self)


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        # One whose client has gone is nobody's news.
        if not isinstance(sys.exc_info()[1], socket.error):
            WSGIServer.handle_error(self, request, client_address)


class Handler(WSGIRequestHandler):
    def handle(self):
        self.raw_requestline = self.rfile.readline(65537)
        if self.parse_request():
            environ = self.get_environ()
            body = io.BufferedReader(Body(self.rfile, int(environ.get('CONTENT_LENGTH') or 0)))
            call = Call(body, self.wfile, self.get_stderr(), environ)
            call.request_handler = self
            call.run(self.server.get_app())

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
