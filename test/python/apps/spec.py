"""What PEP 3333 lets an app do, and what it forbids: PATH_INFO names it."""
import io
import json
import os
import sys
import tempfile
import threading
import time

PLAIN = [('Content-Type', 'text/plain')]
closed = []


class Body:
    """An iterable with a close that is counted."""

    def __init__(self, name, chunks):
        self.name = name
        self.chunks = iter(chunks)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.chunks)

    def close(self):
        closed.append(self.name)


def hello(environ, start_response):
    start_response('200 OK', PLAIN)
    return [b'Hello World\n']


def environment(environ, start_response):
    start_response('200 OK', [('Content-Type', 'application/json')])
    shown = {key: value if isinstance(value, (str, bool, tuple)) else type(value).__name__ for key, value in environ.items()}
    shown['pid'] = os.getpid()
    return [json.dumps(shown).encode()]


def pid(environ, start_response):
    start_response('200 OK', PLAIN)
    return [str(os.getpid()).encode()]


def closes(environ, start_response):
    start_response('200 OK', PLAIN)
    return [json.dumps(closed).encode()]


def many(environ, start_response):
    start_response('200 OK', PLAIN)
    return [b'one ', b'', b'two ', b'three']


def generator(environ, start_response):
    start_response('201 Made', PLAIN)
    yield b''
    yield b'a'
    yield b'b'


def late_head(environ, start_response):
    yield b''
    start_response('202 Late', PLAIN)
    yield b'late'


def held_head(environ, start_response):
    """The head is held until the first chunk that is not empty: it may still be replaced."""
    start_response('200 OK', PLAIN)

    def body():
        yield b''
        try:
            raise ValueError('changed my mind')
        except ValueError:
            start_response('503 Changed', [('X-Changed', 'yes')], sys.exc_info())
        yield b'changed'
    return body()


def exc_info_late(environ, start_response):
    start_response('200 OK', PLAIN)
    yield b'sent'
    try:
        raise ValueError('too late')
    except ValueError:
        start_response('500 Late', PLAIN, sys.exc_info())
    yield b'never'


def write(environ, start_response):
    send = start_response('200 OK', PLAIN)
    send(b'written ')
    send(b'')
    send(b'twice ')
    return [b'and returned']


def closing(environ, start_response):
    start_response('200 OK', PLAIN)
    return Body('closing', [b'x', b'y'])


def closing_raises(environ, start_response):
    def chunks():
        yield b'x'
        raise RuntimeError('in the middle')
    start_response('200 OK', PLAIN)
    return Body('closing_raises', chunks())


def close_raises(environ, start_response):
    class Bad(Body):
        def close(self):
            closed.append('close_raises')
            raise RuntimeError('in close')
    start_response('200 OK', PLAIN)
    return Bad('close_raises', [b'all'])


def closing_head(environ, start_response):
    start_response('200 OK', PLAIN)
    return Body('closing_head', [b'x' * 1000, b'y'])


def not_modified(environ, start_response):
    start_response('304 Not Modified', [('ETag', '"1"')])
    return Body('not_modified', [])


def no_content(environ, start_response):
    start_response('204 No Content', [])
    return []


def raises(environ, start_response):
    raise ValueError('no luck with \u2603')


def raises_after_head(environ, start_response):
    start_response('200 OK', PLAIN)
    raise ValueError('head given, not sent')


def raises_after_body(environ, start_response):
    start_response('200 OK', PLAIN)
    yield b'some'
    raise ValueError('too late')


def exits(environ, start_response):
    sys.exit(3)


def no_head(environ, start_response):
    return [b'body']


def no_head_generator(environ, start_response):
    yield b'body'


def no_head_empty(environ, start_response):
    return iter(())


def head_twice(environ, start_response):
    start_response('200 OK', PLAIN)
    start_response('200 OK', PLAIN)
    return [b'']


def returns_none(environ, start_response):
    start_response('200 OK', PLAIN)


def returns_bytes(environ, start_response):
    start_response('200 OK', PLAIN)
    return b'bytes'


def returns_str(environ, start_response):
    start_response('200 OK', PLAIN)
    return ['str']


def yields_str(environ, start_response):
    start_response('200 OK', PLAIN)
    yield 'str'


def bad_head(environ, start_response):
    which = environ['QUERY_STRING']
    status, headers = '200 OK', PLAIN
    if which == 'status':
        status = 'OK 200'
    elif which == 'status_type':
        status = b'200 OK'
    elif which == 'tuple':
        headers = (('A', 'b'),)
    elif which == 'pair':
        headers = [['A', 'b']]
    elif which == 'name':
        headers = [('A b', 'c')]
    elif which == 'name_type':
        headers = [(b'A', 'c')]
    elif which == 'status_list':
        status = ['200 OK']
    elif which == 'name_list':
        headers = [(['A'], 'c')]
    elif which == 'value_type':
        headers = [('A', 1)]
    elif which == 'crlf':
        headers = [('A', 'b\r\nC: d')]
    elif which == 'unicode':
        headers = [('A', '\u2603')]
    start_response(status, headers)
    return [b'never']


def latin(environ, start_response):
    start_response('200 Tr\xe8s bien', [('X-Latin', 'caf\xe9')])
    return [environ['PATH_INFO'].encode('latin-1')]


def short(environ, start_response):
    start_response('200 OK', [('Content-Length', '10')])
    return iter([b'four'])


def long(environ, start_response):
    start_response('200 OK', [('Content-Length', '4')])
    return Body('long', [b'four', b'more', b'and more'])


def slow_end(environ, start_response):
    """Complete for the client before the app is."""
    start_response('200 OK', [('Content-Length', '4')])

    def body():
        yield b'four'
        gate.wait()
    return body()


gate = threading.Event()


def open_gate(environ, start_response):
    gate.set()
    start_response('200 OK', PLAIN)
    return [b'open']


def wait_at_gate(environ, start_response):
    start_response('200 OK', PLAIN)
    yield b'waiting'
    gate.wait()
    yield b' done'


def big(environ, start_response):
    size = int(environ['QUERY_STRING'])
    start_response('200 OK', PLAIN)
    return [b'0123456789abcdef' * (size // 16)]


def endless(environ, start_response):
    start_response('200 OK', PLAIN)

    def chunks():
        while True:
            yield b'x' * 65536
    return Body('endless', chunks())


def ticking(environ, start_response):
    start_response('200 OK', PLAIN)

    def chunks():
        while True:
            yield b'tick'
            time.sleep(0.01)
    return Body('ticking', chunks())


def goes_on(environ, start_response):
    """Looks neither at its body nor at its client; says when it has begun, and when it is over."""
    print('goes on')
    time.sleep(1)
    print('went on')
    start_response('200 OK', PLAIN)
    return [b'went on']


def hang(environ, start_response):
    start_response('200 OK', PLAIN)
    yield b'hanging'
    while True:
        time.sleep(0.05)


def file(environ, start_response):
    handle = tempfile.TemporaryFile()
    handle.write(b'from a file ' * 20000)
    handle.seek(0)
    start_response('200 OK', PLAIN)
    return environ['wsgi.file_wrapper'](handle, 1000)


def file_like(environ, start_response):
    class Like(io.BytesIO):
        def close(self):
            closed.append('file_like')
            io.BytesIO.close(self)
    start_response('200 OK', PLAIN)
    return environ['wsgi.file_wrapper'](Like(b'like a file'), 3)


def read_input(environ, start_response):
    source = environ['wsgi.input']
    how = environ['QUERY_STRING']
    if how == 'all':
        got = [source.read(), source.read(), source.read(5)]
    elif how == 'sized':
        got = [source.read(0), source.read(3), source.read(100000), source.read(1)]
    elif how == 'length':
        got = [source.read(int(environ['CONTENT_LENGTH']))]
    elif how == 'line':
        got = [source.readline(), source.readline(2), source.readline(), source.readline(-1), source.readline()]
    elif how == 'lines':
        got = source.readlines()
    elif how == 'hint':
        got = source.readlines(5) + [b'|'] + source.readlines(0)
    elif how == 'iterate':
        got = list(source)
    elif how == 'mixed':
        got = [source.read(2), source.readline(), next(iter(source)), source.read()]
    start_response('200 OK', [('Content-Type', 'application/json')])
    return [json.dumps([part.decode('latin-1') for part in got]).encode()]


def count_input(environ, start_response):
    total = 0
    while True:
        chunk = environ['wsgi.input'].read(65536)
        if not chunk:
            break
        total += len(chunk)
    start_response('200 OK', PLAIN)
    return [str(total).encode()]


def echo_input(environ, start_response):
    start_response('200 OK', PLAIN)
    while True:
        chunk = environ['wsgi.input'].read(4)
        if not chunk:
            return
        yield chunk


cut = []


def cut_input(environ, start_response):
    try:
        environ['wsgi.input'].read()
    except OSError as error:
        cut.append(type(error).__name__)
        raise
    start_response('200 OK', PLAIN)
    return [b'complete']


def cuts(environ, start_response):
    start_response('200 OK', PLAIN)
    return [json.dumps(cut).encode()]


def prints(environ, start_response):
    print('on stdout')
    print('on', 'stderr', file=sys.stderr)
    environ['wsgi.errors'].write('on errors\nwith more\n')
    environ['wsgi.errors'].writelines(['in ', 'pieces', '\n'])
    environ['wsgi.errors'].write('without an end')
    environ['wsgi.errors'].flush()
    os.write(1, b'on fd 1\n')
    os.write(2, b'on fd 2\n')
    thread = threading.Thread(target=lambda: print('from a thread'))
    thread.start()
    thread.join()
    start_response('200 OK', PLAIN)
    return [b'']


def dies(environ, start_response):
    print('last words', file=sys.stderr)
    how = environ['QUERY_STRING']
    if how == 'segv':
        import ctypes
        ctypes.string_at(0)
    if how == 'kill':
        os.kill(os.getpid(), 9)
    if how == 'late':
        start_response('200 OK', PLAIN)(b'begun')
    os._exit(7)


def spawns(environ, start_response):
    import subprocess
    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])
    start_response('200 OK', PLAIN)
    return [str(child.pid).encode()]


def application(environ, start_response):
    return globals()[environ['PATH_INFO'].split('/')[1] or 'hello'](environ, start_response)


def prefix(environ, start_response):
    start_response('200 OK', PLAIN)
    return [sys.prefix.encode()]
