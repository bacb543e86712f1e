"""The app under test, as a WSGI app in Python: the behaviours of app.ts, chosen by the request header X-Conformance-Case.

Python 3.8 or later, standard library only. One process, two threads or more: it keeps what it has seen in memory.
"""
import hashlib
import io
import json as json_module
import sys
import threading
from urllib.parse import parse_qs

BLOCK = bytes(range(256)) * 256
LARGE_BLOCKS = 160
HEAD_LIKE = (
    b"HTTP/1.1 500 No\r\nStatus: 500 No\r\nContent-Length: 3\r\n\r\nStatus: 404 No\r\n\r\nbody\r\n\r\n"
)
FILE_SIZE = 200000
UNICODE = "caf\u00e9 \u20ac \U0001f980\n"

TEXT = ("Content-Type", "text/plain; charset=utf-8")

lock = threading.Lock()
closed_counts = {}
released = {}


def token(environ):
    return parse_qs(environ.get("QUERY_STRING", "")).get("token", [""])[0]


def as_json(start, value):
    start("200 OK", [("Content-Type", "application/json")])
    return [json_module.dumps(value).encode("ascii")]


class Counted:
    """An iterable that counts how often it is closed."""

    def __init__(self, environ, chunks):
        self.token = token(environ)
        self.chunks = iter(chunks)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.chunks)

    def close(self):
        with lock:
            closed_counts[self.token] = closed_counts.get(self.token, 0) + 1


def event(name):
    with lock:
        return released.setdefault(name, threading.Event())


def hello(environ, start):
    start("200 OK", [TEXT, ("Content-Length", "12")])
    return [b"Hello World\n"]


def report(environ, start):
    headers = {
        name[5:].lower().replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")
    }
    return as_json(
        start,
        {
            "method": environ["REQUEST_METHOD"],
            "script": environ["SCRIPT_NAME"],
            "path": environ["PATH_INFO"],
            "query": environ["QUERY_STRING"],
            "protocol": environ["SERVER_PROTOCOL"],
            "scheme": environ["wsgi.url_scheme"],
            "type": environ.get("CONTENT_TYPE", ""),
            "length": environ.get("CONTENT_LENGTH", ""),
            "name": environ["SERVER_NAME"],
            "port": environ["SERVER_PORT"],
            "headers": headers,
        },
    )


def keys(environ, start):
    stream, errors = environ["wsgi.input"], environ["wsgi.errors"]
    return as_json(
        start,
        {
            "version": environ["wsgi.version"],
            "flags": [
                isinstance(environ[name], bool) for name in ("wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once")
            ],
            "input": all(callable(getattr(stream, name)) for name in ("read", "readline", "readlines", "__iter__")),
            "errors": all(callable(getattr(errors, name)) for name in ("write", "writelines", "flush")),
            "terminated": environ.get("wsgi.input_terminated"),
            "strings": all(type(value) is str for name, value in environ.items() if "." not in name),
            "proxy": "HTTP_PROXY" in environ,
        },
    )


def echo(environ, start):
    body = environ["wsgi.input"].read()
    start("200 OK", [("Content-Type", environ.get("CONTENT_TYPE") or "application/octet-stream")])
    return [body]


def digest(environ, start):
    sha, size = hashlib.sha256(), 0
    while True:
        part = environ["wsgi.input"].read(65536)
        if not part:
            break
        size += len(part)
        sha.update(part)
    return as_json(start, {"size": size, "sha256": sha.hexdigest()})


def unread(environ, start):
    start("200 OK", [TEXT])
    return [b"not read\n"]


def readline(environ, start):
    lines = []
    while True:
        line = environ["wsgi.input"].readline()
        if not line:
            break
        lines.append(line.decode("latin-1"))
    return as_json(start, lines)


def readlines(environ, start):
    return as_json(start, [line.decode("latin-1") for line in environ["wsgi.input"].readlines()])


def read_sizes(environ, start):
    stream = environ["wsgi.input"]
    first = stream.read(5)
    line = stream.readline(3)
    rest = b"".join(stream)
    end = stream.read(10)
    return as_json(start, [part.decode("latin-1") for part in (first, line, rest, end)])


def write(environ, start):
    writer = start("200 OK", [TEXT])
    writer(b"one ")
    writer(b"two ")
    return [b"three\n"]


def raised(text):
    try:
        raise RuntimeError(text)
    except RuntimeError:
        return sys.exc_info()


def exc_info_before(environ, start):
    start("200 OK", [TEXT, ("X-First", "yes")])
    start("503 Changed", [TEXT], raised("exc-info-before"))
    return [b"changed\n"]


def exc_info_after(environ, start):
    start("200 OK", [TEXT, ("Content-Length", "100")])
    yield b"begun\n"
    start("500 Late", [TEXT], raised("exc-info-after, on purpose"))
    yield b"never sent\n"


def start_twice(environ, start):
    start("200 OK", [TEXT])
    start("200 OK", [TEXT])
    return [b"wrong\n"]


def no_start(environ, start):
    return [b"no head\n"]


def closes(environ, start):
    start("200 OK", [TEXT])
    return Counted(environ, [b"one\n", b"two\n"])


def closes_raise(environ, start):
    def chunks():
        yield b""
        raise RuntimeError("closes-raise, on purpose")

    start("200 OK", [TEXT])
    return Counted(environ, chunks())


def endless(environ, start):
    def chunks():
        while True:
            yield BLOCK

    start("200 OK", [TEXT, ("X-Accel-Buffering", "no")])
    return Counted(environ, chunks())


def closed(environ, start):
    with lock:
        return as_json(start, closed_counts.get(token(environ), 0))


def stream(environ, start):
    start("200 OK", [TEXT, ("X-Accel-Buffering", "no")])
    yield b"first\n"
    event(token(environ)).wait(10)
    yield b"second\n"


def release(environ, start):
    event(token(environ)).set()
    return as_json(start, True)


def held_head(environ, start):
    start("200 OK", [TEXT])
    yield b""
    start("404 Held", [TEXT], raised("held-head"))
    yield b""
    yield b"held\n"


def late_start(environ, start):
    start("202 Late", [TEXT])
    yield b"late\n"


def one(environ, start):
    start("200 OK", [TEXT])
    return [b"exactly one chunk\n"]


def empty(environ, start):
    start("200 OK", [TEXT])
    return []


def no_content(environ, start):
    start("204 No Content", [("X-Kept", "yes")])
    return []


def not_modified(environ, start):
    start("304 Not Modified", [("ETag", '"v1"')])
    return []


def bodiless_body(environ, start):
    start("204 No Content", [])
    return [b"a body that may not be sent"]


def hop(environ, start):
    start("200 OK", [TEXT, ("Connection", "close"), ("Trailer", "X-Sum"), ("Proxy-Authenticate", "Basic")])
    return [b"left out\n"]


def file(environ, start):
    start("200 OK", [("Content-Type", "application/octet-stream")])
    return environ["wsgi.file_wrapper"](io.BytesIO(b"f" * FILE_SIZE), 8192)


def generator(environ, start):
    start("200 OK", [TEXT])
    yield b"one\n"
    yield b""
    yield b"two\n"
    yield b"three\n"


def raise_before(environ, start):
    raise RuntimeError("raise-before, on purpose")


def raise_after(environ, start):
    start("200 OK", [TEXT, ("Content-Length", "100")])
    yield b"begun\n"
    raise RuntimeError("raise-after, on purpose")


def too_long(environ, start):
    start("200 OK", [TEXT, ("Content-Length", "5")])
    return [b"12345", b"67890"]


def too_short(environ, start):
    start("200 OK", [TEXT, ("Content-Length", "100")])
    return [b"12345", b"67890"]


def cookies(environ, start):
    start(
        "200 OK",
        [TEXT, ("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; HttpOnly"), ("Set-Cookie", "c=3, 4")],
    )
    return [b"cookies\n"]


def reason(environ, start):
    start("418 Short And Stout", [TEXT])
    return [b"teapot\n"]


def redirect(environ, start):
    start("302 Found", [("Location", "/elsewhere?x=%2F#y")])
    return []


def head_like(environ, start):
    start("200 OK", [TEXT])
    return [HEAD_LIKE]


def large(environ, start):
    start("200 OK", [("Content-Type", "application/octet-stream")])
    return [BLOCK] * LARGE_BLOCKS


def many_headers(environ, start):
    start("200 OK", [TEXT] + [("X-Many-%d" % i, "value %d" % i) for i in range(100)])
    return [b"many\n"]


def large_header(environ, start):
    start("200 OK", [TEXT, ("X-Large", "l" * 12000)])
    return [b"large\n"]


def odd_headers(environ, start):
    start("200 OK", [TEXT, ("X-Latin", "caf\u00e9"), ("X-Empty", ""), ("X-Twice", "one"), ("X-Twice", "two")])
    return [b"odd\n"]


def split_header(environ, start):
    start("200 OK", [TEXT, ("X-Split", "a\r\nX-Injected: yes")])
    return [b"wrong\n"]


def unicode(environ, start):
    start("200 OK", [TEXT])
    return [UNICODE.encode("utf-8")]


def errors(environ, start):
    environ["wsgi.errors"].write("written to wsgi.errors\n")
    environ["wsgi.errors"].flush()
    start("200 OK", [TEXT])
    return [b"written\n"]


def app(environ, start_response):
    behaviour = globals().get(environ.get("HTTP_X_CONFORMANCE_CASE", "").replace("-", "_"))
    if behaviour is None:
        start_response("501 No Such Behaviour", [TEXT])
        return [b"X-Conformance-Case names no behaviour of this app\n"]
    return behaviour(environ, start_response)


application = app
