"""Says what it was asked, as JSON; /big sends as many bytes as the query says, /late waits, /stream
yields a piece, and the next when there is a file of that name."""

import hashlib
import json
import os
import time


def application(environ, start_response):
    path = environ.get("PATH_INFO", "")
    if path == "/big":
        size = int(environ["QUERY_STRING"])
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        return (b"x" * min(65536, size - at) for at in range(0, size, 65536))
    if path == "/late":
        time.sleep(1)
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return stream(environ["QUERY_STRING"])
    if path == "/teapot":
        start_response("418 I'm a teapot", [("Content-Length", "0"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
        return [b""]
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    variables = {name: value for name, value in environ.items() if isinstance(value, str)}
    answer = {"variables": variables, "size": len(body), "hash": hashlib.sha256(body).hexdigest()}
    data = json.dumps(answer).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
    return [data]


def stream(folder):
    for number in range(3):
        while number > 0 and not os.path.exists(f"{folder}/{number}"):
            time.sleep(0.01)
        yield b"%d" % number
