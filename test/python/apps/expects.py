"""Reads its body, or turns it away."""


def application(environ, start_response):
    if environ['PATH_INFO'] == '/refuse':
        start_response('413 Content Too Large', [])
        return [b'too much']
    body = environ['wsgi.input'].read(3) + environ['wsgi.input'].read()
    start_response('200 OK', [])
    return [body]
