"""A WSGI app without a framework: what the checks of test/sisters/checks.ts ask for."""
import time


def stream():
    for number in range(3):
        if number:
            time.sleep(0.5)
        yield b'%d\n' % number


def app(environ, start_response):
    def text(body, status='200 OK', *more):
        start_response(status, [('Content-Type', 'text/plain; charset=utf-8'), *more])
        return [body]

    path = environ['PATH_INFO']
    if path.startswith('/where/'):
        where = '|'.join([environ['SCRIPT_NAME'], path, environ['QUERY_STRING']])
        return text(where.encode('latin-1'))
    if path == '/echo':
        # A server that takes chunks says where they end, or gives their length.
        endless = environ.get('wsgi.input_terminated')
        return text(environ['wsgi.input'].read(*([] if endless else [int(environ.get('CONTENT_LENGTH') or 0)])))
    if path == '/go':
        return text(b'', '302 Found', ('Location', environ['SCRIPT_NAME'] + '/where/there'))
    if path == '/cookies':
        return text(b'', '200 OK', ('Set-Cookie', 'a=1; Path=/'), ('Set-Cookie', 'b=1; Path=/'))
    if path == '/stream':
        start_response('200 OK', [('Content-Type', 'text/plain'), ('X-Accel-Buffering', 'no')])
        return stream()
    if path == '/broken':
        raise ValueError('broken on purpose: ' + environ['QUERY_STRING'])
    return text(b'nothing is here', '404 Not Found')
