# What a server has to stand of an app: each path breaks something.
import json


class Late(object):
    """A body that fails in the middle."""

    def __iter__(self):
        yield b'first part, '
        raise ValueError('in the middle')


def application(environ, start_response):
    path = environ['PATH_INFO']
    headers = [('Content-Type', 'text/plain')]
    status = '200 OK'
    body = [b'well']
    if path == '/late':
        body = Late()
    elif path == '/written':
        write = start_response(status, headers)
        write(b'first part, ')
        raise ValueError('in the middle')
    elif path == '/raises':
        raise ValueError('at once')
    elif path == '/fails':
        body = (1 // 0 for _ in 'x')
    elif path == '/pieces':
        body = (b'piece %d, '.replace(b'%d', str(number).encode('ascii')) for number in range(3))
    elif path == '/empty':
        body = iter([])
    elif path == '/header':
        headers.append(('Location', '/a\r\nX-Injected: 1'))
    elif path == '/status':
        status = '200 OK\r\nX-Injected: 1'
    elif path == '/flags':
        body = [json.dumps([environ['wsgi.multithread'], environ['wsgi.multiprocess'], environ['wsgi.run_once']]).encode('ascii')]
    elif path == '/read':
        body = [environ['wsgi.input'].read() + b'|' + environ['wsgi.input'].read(10)]
    elif path == '/more':
        body = [environ['wsgi.input'].read(1000)]
    elif path == '/lines':
        body = [b'|'.join(environ['wsgi.input'].readlines())]
    elif path == '/iterated':
        body = [b'|'.join(environ['wsgi.input'])]
    start_response(status, headers)
    return body
