"""The same in Python; and what goes wrong with workers by their own fault."""
import hashlib
import os
import time

if os.path.exists("broken"):
    raise RuntimeError("the app is broken")
if os.path.exists("exits"):
    os._exit(3)
if os.path.exists("hangs"):
    time.sleep(1e6)

with open("version") as file:
    HEADERS = [
        ("Content-Type", "application/octet-stream"),
        ("X-Version", file.read().strip()),
        ("X-Process", str(os.getpid())),
    ]
PIECES = 8
SIZE = 65536
GROWS = 150 << 20
KEPT = []


def application(environ, start_response):
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"].encode("latin-1")
    start_response("200 OK", HEADERS)
    if path == "/get":
        return [query]
    if path == "/post":
        digest = hashlib.sha256()
        for piece in body(environ):
            digest.update(piece)
        return [query + b" " + digest.hexdigest().encode()]
    if path == "/echo":
        return list(body(environ))
    if path == "/stream":
        return stream(query)
    if path in ("/stuck", "/late"):
        time.sleep(1e6)
    if path in ("/loop", "/late-loop"):
        while True:
            pass
    if path == "/memory":
        held = []
        while True:
            held.append(os.urandom(1 << 20))
    if path == "/grow":
        KEPT.append(b"x" * GROWS)
        return [b"grown"]
    raise ValueError("nothing is at " + path)


def body(environ):
    return iter(lambda: environ["wsgi.input"].read(SIZE), b"")


def stream(query):
    for count in range(PIECES):
        yield b"%s %d\n" % (query, count)
        time.sleep(0.02)
