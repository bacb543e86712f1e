"""An app of PEP 444."""
import json


class Body:
    def __init__(self, pieces, environ):
        self.pieces = pieces
        self.environ = environ

    def __iter__(self):
        return iter(self.pieces)

    def close(self):
        print('closed', file=self.environ['web3.errors'])


class Failing(Body):
    def close(self):
        raise ValueError('of the end')


def application(environ):
    path = environ['PATH_INFO']
    plain = [(b'Content-Type', b'text/plain'), (b'X-Any', b'v\xe9')]
    if path == b'/size':
        return [b'%d' % len(environ['web3.input'].read())], b'200 OK', plain
    if path == b'/pieces':
        return Body([b'one ', b'two'], environ), b'200 Fine', plain
    if path == b'/order':
        return b'200 OK', plain, [b'body']
    if path == b'/nothing':
        return None
    if path == b'/text':
        return Body([b'x'], environ), b'200 OK', [('Content-Type', 'text/plain')]
    if path == b'/end':
        return Failing([b'x'], environ), '200 OK', plain
    if path == b'/raises':
        raise ValueError('from web3')
    return [json.dumps({name: repr(value) for name, value in environ.items()}).encode('ascii')], b'200 OK', plain


def louder(app):
    def wrapped(environ):
        body, status, headers = app(environ)
        return body, status, headers + [(b'X-Louder', b'yes')]
    return wrapped
