"""The app under test, as an ASGI 3.0 app: the behaviours of app.py that ASGI can express, and those that only ASGI has, chosen by the
request header X-Conformance-Case. A WebSocket is such a request as well.

Python 3.8 or later, standard library only. One process: it keeps what it has seen in memory, and a case asks for it by its token.

Two environment variables are for cases about the lifespan, in which the suite starts the server by itself:
CONFORMANCE_LIFESPAN says how the app takes its lifespan (the functions lifespan_*), CONFORMANCE_RECORD names a file for what happens.
"""
import asyncio
import hashlib
import json
import os
import tempfile
from urllib.parse import parse_qs

BLOCK = bytes(range(256)) * 256
LARGE_BLOCKS = 160
# Whoever has sent this much to a client that takes nothing was not stopped.
ENDLESS_BLOCKS = 4096
HEAD_LIKE = (
    b"HTTP/1.1 500 No\r\nStatus: 500 No\r\nContent-Length: 3\r\n\r\nStatus: 404 No\r\n\r\nbody\r\n\r\n"
)
FILE_SIZE = 200000
UNICODE = "caf\u00e9 \u20ac \U0001f980\n"
# Nothing that a behaviour waits for takes longer, on however busy a machine.
PATIENCE = 20

TEXT = (b"content-type", b"text/plain; charset=utf-8")
JSON = (b"content-type", b"application/json")
OCTETS = (b"content-type", b"application/octet-stream")

notes = {}
gates = {}
lifespan = {"calls": 0, "complete": False, "completeAtFirst": None, "scope": None, "events": []}


def token(scope):
    return parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]


def note(scope, name, value):
    seen = notes.setdefault(token(scope), {"version": scope["asgi"].get("spec_version", "2.0")})
    seen[name] = value


def gate(name):
    return gates.setdefault(name, asyncio.Event())


async def opened(scope):
    await asyncio.wait_for(gate(token(scope)).wait(), PATIENCE)


def field(scope, name):
    values = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    return values[0] if values else ""


def names(error):
    return [kind.__name__ for kind in type(error).__mro__]


def shown(value):
    """A value as JSON has it: byte strings as latin-1, everything else that JSON does not know by the name of its class."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {str(key): shown(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown(inner) for inner in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    return type(value).__name__


def start(status=200, headers=(TEXT,), **more):
    return {"type": "http.response.start", "status": status, "headers": list(headers), **more}


def body(content=b"", more_body=False):
    return {"type": "http.response.body", "body": content, "more_body": more_body}


async def answer(send, content, status=200, headers=(TEXT,)):
    await send(start(status, headers))
    await send(body(content))


async def as_json(send, value):
    await answer(send, json.dumps(value).encode("ascii"), 200, [JSON])


async def parts_of(receive):
    """The request's body, event by event. Raises when the client goes away in the middle."""
    while True:
        event = await receive()
        if event["type"] != "http.request":
            raise RuntimeError("received " + event["type"])
        yield event
        if not event.get("more_body", False):
            return


async def attempt(scope, send, message):
    """Sends what may be wrong; notes what was raised: the names of its classes, or nothing."""
    raised = None
    try:
        await send(message)
    except Exception as error:
        raised = names(error)
    note(scope, "raised", notes.get(token(scope), {}).get("raised", []) + [raised])
    return raised


# What other interfaces have too: see app.py.


async def http_hello(scope, receive, send):
    await answer(send, b"Hello World\n", 200, [TEXT, (b"content-length", b"12")])


async def http_report(scope, receive, send):
    headers = {}
    for key, value in scope["headers"]:
        joint = "; " if key == b"cookie" else ", "
        key, value = key.decode("latin-1"), value.decode("latin-1")
        headers[key] = headers[key] + joint + value if key in headers else value
    query = scope["query_string"].decode("latin-1")
    server = scope.get("server") or ["", 0]
    await as_json(
        send,
        {
            "method": scope["method"],
            "script": scope.get("root_path", ""),
            "path": scope["path"],
            "query": query,
            "protocol": "HTTP/" + scope["http_version"],
            "scheme": scope.get("scheme", "http"),
            "type": headers.get("content-type", ""),
            "length": headers.get("content-length", ""),
            "name": server[0],
            "port": str(server[1]),
            "target": shown(scope.get("raw_path")),
            "headers": headers,
        },
    )


async def http_echo(scope, receive, send):
    content = b"".join([event.get("body", b"") async for event in parts_of(receive)])
    kind = field(scope, b"content-type") or "application/octet-stream"
    await answer(send, content, 200, [(b"content-type", kind.encode("latin-1"))])


async def http_digest(scope, receive, send):
    sha, size = hashlib.sha256(), 0
    async for event in parts_of(receive):
        size += len(event.get("body", b""))
        sha.update(event.get("body", b""))
    await as_json(send, {"size": size, "sha256": sha.hexdigest()})


async def http_unread(scope, receive, send):
    await answer(send, b"not read\n")


async def http_stream(scope, receive, send):
    await send(start(200, [TEXT, (b"x-accel-buffering", b"no")]))
    await send(body(b"first\n", True))
    await opened(scope)
    await send(body(b"second\n"))


async def http_release(scope, receive, send):
    gate(token(scope)).set()
    await as_json(send, True)


async def http_one(scope, receive, send):
    await answer(send, b"exactly one chunk\n")


async def http_empty(scope, receive, send):
    await answer(send, b"")


async def http_no_content(scope, receive, send):
    await answer(send, b"", 204, [(b"x-kept", b"yes")])


async def http_not_modified(scope, receive, send):
    await answer(send, b"", 304, [(b"etag", b'"v1"')])


async def http_bodiless_body(scope, receive, send):
    await answer(send, b"a body that may not be sent", 204, [])


async def http_generator(scope, receive, send):
    await send(start())
    for part in (b"one\n", b"", b"two\n", b"three\n"):
        await send(body(part, True))
    await send(body())


async def http_raise_before(scope, receive, send):
    raise RuntimeError("raise-before, on purpose")


async def http_raise_after(scope, receive, send):
    await send(start(200, [TEXT, (b"content-length", b"100")]))
    await send(body(b"begun\n", True))
    raise RuntimeError("raise-after, on purpose")


async def http_too_long(scope, receive, send):
    await send(start(200, [TEXT, (b"content-length", b"5")]))
    await send(body(b"12345", True))
    await send(body(b"67890"))


async def http_too_short(scope, receive, send):
    await send(start(200, [TEXT, (b"content-length", b"100")]))
    await send(body(b"12345", True))
    await send(body(b"67890"))


async def http_cookies(scope, receive, send):
    cookies = [b"a=1; Path=/", b"b=2; HttpOnly", b"c=3, 4"]
    await answer(send, b"cookies\n", 200, [TEXT] + [(b"set-cookie", cookie) for cookie in cookies])


async def http_redirect(scope, receive, send):
    await answer(send, b"", 302, [(b"location", b"/elsewhere?x=%2F#y")])


async def http_head_like(scope, receive, send):
    await answer(send, HEAD_LIKE)


async def http_large(scope, receive, send):
    await send(start(200, [OCTETS]))
    for _ in range(LARGE_BLOCKS):
        await send(body(BLOCK, True))
    await send(body())


async def http_many_headers(scope, receive, send):
    await answer(send, b"many\n", 200, [TEXT] + [(b"x-many-%d" % i, b"value %d" % i) for i in range(100)])


async def http_large_header(scope, receive, send):
    await answer(send, b"large\n", 200, [TEXT, (b"x-large", b"l" * 12000)])


async def http_odd_headers(scope, receive, send):
    odd = [(b"x-latin", b"caf\xe9"), (b"x-empty", b""), (b"x-twice", b"one"), (b"x-twice", b"two")]
    await answer(send, b"odd\n", 200, [TEXT] + odd)


async def http_unicode(scope, receive, send):
    await answer(send, UNICODE.encode("utf-8"))


# The scope, and what is remembered of other requests.


def scope_shown(scope):
    return {
        "scope": shown(scope),
        "types": {key: type(value).__name__ for key, value in scope.items()},
        "headerTypes": sorted({type(part).__name__ for pair in scope["headers"] for part in pair}),
        "queryType": type(scope["query_string"]).__name__,
    }


async def http_scope(scope, receive, send):
    await as_json(send, scope_shown(scope))


async def http_scope_changed(scope, receive, send):
    """Changes of the scope are this request's alone; what the state refers to is everybody's."""
    state = scope.get("state")
    seen = {
        "marked": "conformance.mark" in scope,
        "state": None if state is None else {"marked": "mark" in state, "shared": len(state.get("shared", []))},
    }
    scope["conformance.mark"] = True
    if state is not None:
        state["mark"] = True
        state.get("shared", []).append("seen")
    await as_json(send, seen)


async def http_notes(scope, receive, send):
    await as_json(send, notes.get(token(scope), {}))


async def http_lifespan(scope, receive, send):
    await as_json(send, lifespan)


# Events of a request.


async def http_events(scope, receive, send):
    events = []
    async for event in parts_of(receive):
        content = event.get("body", b"")
        events.append([type(content).__name__, len(content), event.get("more_body", False)])
    await as_json(send, events)


async def http_first_part(scope, receive, send):
    """Notes the body as it comes: the client sends the rest only when the first part has been seen."""
    seen = b""
    async for event in parts_of(receive):
        seen += event.get("body", b"")
        note(scope, "seen", len(seen))
    await as_json(send, len(seen))


async def http_held_body(scope, receive, send):
    """Asks for nothing of the body until it is released."""
    await opened(scope)
    await http_digest(scope, receive, send)


async def http_waits(scope, receive, send):
    """Receiving waits when the body has come, and gives http.disconnect when the response has gone."""
    async for _ in parts_of(receive):
        pass
    waiting = asyncio.ensure_future(receive())
    await asyncio.wait([waiting], timeout=0.2)
    note(scope, "early", waiting.done())
    await answer(send, b"sent\n")
    try:
        note(scope, "event", (await asyncio.wait_for(waiting, PATIENCE))["type"])
        note(scope, "again", (await asyncio.wait_for(receive(), PATIENCE))["type"])
    except asyncio.TimeoutError:
        note(scope, "event", "nothing")


async def until_disconnect(scope, receive):
    """Receives until something else comes than a part of the body; notes what."""
    note(scope, "parts", 0)
    try:
        while True:
            event = await receive()
            if event["type"] != "http.request":
                break
            note(scope, "parts", notes[token(scope)]["parts"] + 1)
    except asyncio.CancelledError:
        note(scope, "event", "cancelled")
        raise
    note(scope, "event", event["type"])


async def http_gone_under_way(scope, receive, send):
    await send(start())
    await send(body(b"begun\n", True))
    await until_disconnect(scope, receive)
    await attempt(scope, send, body(b"to nobody", True))


async def http_gone_before(scope, receive, send):
    await until_disconnect(scope, receive)
    await attempt(scope, send, start())


async def http_endless(scope, receive, send):
    """Sends as long as it is taken; receives nothing."""
    note(scope, "sent", 0)
    try:
        await send(start(200, [OCTETS, (b"x-accel-buffering", b"no")]))
        for sent in range(1, ENDLESS_BLOCKS + 1):
            await send(body(BLOCK, True))
            note(scope, "sent", sent)
            # Where sending never waits, others have their turn.
            await asyncio.sleep(0)
        note(scope, "ended", "never stopped")
    except Exception as error:
        note(scope, "ended", names(error))
    except asyncio.CancelledError:
        note(scope, "ended", "cancelled")
        raise


# Messages of a response.


async def http_start_then_raise(scope, receive, send):
    await send(start())
    raise RuntimeError("start-then-raise, on purpose")


async def http_start_held(scope, receive, send):
    await send(start())
    note(scope, "started", True)
    await opened(scope)
    await send(body(b"held\n"))


async def http_defaults(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body"})


async def http_extra_keys(scope, receive, send):
    await send(dict(start(), extra="key"))
    await send(dict(body(b"extra\n"), extra=[1, 2]))


async def http_iterables(scope, receive, send):
    """Fields are any iterable of any iterables of two byte strings."""
    pairs = ([name, value] for name, value in [TEXT, (b"x-one", b"1"), (b"x-two", b"2")])
    await send({"type": "http.response.start", "status": 200, "headers": pairs})
    await send(body(b"iterables\n"))


async def http_after_end(scope, receive, send):
    await answer(send, b"whole\n")
    await attempt(scope, send, body(b"more\n"))
    await attempt(scope, send, start(500))


async def http_nothing(scope, receive, send):
    pass


async def http_only_start(scope, receive, send):
    await send(start())


async def http_unfinished(scope, receive, send):
    await send(start(200, [TEXT, (b"content-length", b"100")]))
    await send(body(b"begun\n", True))


async def http_unfinished_chunks(scope, receive, send):
    await send(start(200, [TEXT]))
    await send(body(b"begun\n", True))


async def http_split_header(scope, receive, send):
    await attempt(scope, send, start(200, [TEXT, (b"x-split", b"a\r\nx-injected: yes")]))
    await attempt(scope, send, body(b"wrong\n"))


async def http_own_framing(scope, receive, send):
    await answer(send, b"framed once\n", 200, [TEXT, (b"transfer-encoding", b"chunked")])


WRONG_FIRST = {
    "unknown-type": {"type": "http.response.unknown"},
    "no-type": {"status": 200},
    "websocket-type": {"type": "websocket.accept"},
    "no-status": {"type": "http.response.start", "headers": []},
    "text-status": {"type": "http.response.start", "status": "200", "headers": []},
    "text-header": {"type": "http.response.start", "status": 200, "headers": [("x-text", "text")]},
    "lone-header": {"type": "http.response.start", "status": 200, "headers": [(b"x-lone",)]},
    "body-first": {"type": "http.response.body", "body": b"too early"},
}
WRONG_THEN = {
    "second-start": {"type": "http.response.start", "status": 500, "headers": []},
    "text-body": {"type": "http.response.body", "body": "text", "more_body": True},
    "unknown-type-then": {"type": "http.response.unknown"},
}


async def http_wrong(scope, receive, send):
    kind = parse_qs(scope["query_string"].decode("latin-1"))["kind"][0]
    if kind in WRONG_FIRST:
        await attempt(scope, send, WRONG_FIRST[kind])
        await answer(send, b"all the same\n")
    else:
        await send(start())
        await send(body(b"begun\n", True))
        await attempt(scope, send, WRONG_THEN[kind])
        await send(body(b"ended\n"))


# Extensions. Cases ask for them only where the scope offers them.


def file_to_send():
    path = os.path.join(tempfile.mkdtemp(), "conformance")
    with open(path, "wb") as file:
        file.write(b"0123456789" * (FILE_SIZE // 10))
    return path


async def http_early_hint(scope, receive, send):
    await send(start())
    links = [b"</style.css>; rel=preload; as=style", b"</script.js>; rel=preload; as=script"]
    await send({"type": "http.response.early_hint", "links": links})
    await send(body(b"hinted\n"))


async def http_pathsend(scope, receive, send):
    path = file_to_send()
    try:
        await send(start(200, [OCTETS, (b"content-length", b"%d" % FILE_SIZE)]))
        await send({"type": "http.response.pathsend", "path": path})
        note(scope, "sent", True)
        # It is the server's until the response has gone.
        await asyncio.wait_for(receive_end(receive), PATIENCE)
    finally:
        os.unlink(path)


async def receive_end(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


async def http_pathsend_missing(scope, receive, send):
    await send(start(200, [OCTETS]))
    raised = await attempt(scope, send, {"type": "http.response.pathsend", "path": "/nonexistent/conformance"})
    if raised is not None:
        raise RuntimeError("pathsend-missing, on purpose")


async def http_zerocopysend(scope, receive, send):
    path = file_to_send()
    try:
        with open(path, "rb") as file:
            await send(start(200, [OCTETS]))
            await send(body(b"before ", True))
            piece = {"type": "http.response.zerocopysend", "file": file}
            await send({**piece, "offset": 5, "count": 10, "more_body": True})
            await send({**piece, "offset": FILE_SIZE - 3})
    finally:
        os.unlink(path)


async def http_trailers(scope, receive, send):
    await send(start(200, [TEXT, (b"trailer", b"x-sum")], trailers=True))
    await send(body(b"with trailers\n"))
    await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"abc")]})


# WebSockets. The first event is websocket.connect for all of them.


async def accepted(receive, send, **more):
    event = await receive()
    if event["type"] != "websocket.connect":
        raise RuntimeError("received " + str(event["type"]))
    await send({"type": "websocket.accept", **more})


async def disconnected(scope, receive):
    """Receives until the end; notes how it came."""
    count = 0
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            break
        count += 1
    note(scope, "received", count)
    note(scope, "disconnect", shown(event))
    return event


async def websocket_scope(scope, receive, send):
    await accepted(receive, send)
    await send({"type": "websocket.send", "text": json.dumps(scope_shown(scope))})
    await disconnected(scope, receive)


async def websocket_held(scope, receive, send):
    event = await receive()
    note(scope, "first", event["type"])
    await opened(scope)
    await send({"type": "websocket.accept"})
    await disconnected(scope, receive)


async def websocket_echo(scope, receive, send):
    """Sends back what comes. Of each message it looks whether exactly one of text and bytes is there."""
    await accepted(receive, send)
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            note(scope, "disconnect", shown(event))
            return
        text, content = event.get("text"), event.get("bytes")
        if (text is None) == (content is None):
            note(scope, "odd", shown(event))
        if text is not None:
            await send({"type": "websocket.send", "text": text})
        else:
            await send({"type": "websocket.send", "bytes": content})


async def websocket_both_keys(scope, receive, send):
    """The other key may be there, as None."""
    await accepted(receive, send)
    await send({"type": "websocket.send", "text": "text", "bytes": None})
    await send({"type": "websocket.send", "text": None, "bytes": b"bytes"})
    await disconnected(scope, receive)


async def websocket_subprotocol(scope, receive, send):
    note(scope, "subprotocols", shown(scope.get("subprotocols")))
    chosen = parse_qs(scope["query_string"].decode("latin-1")).get("choose", [None])[0]
    await accepted(receive, send, subprotocol=chosen)
    await disconnected(scope, receive)


async def websocket_headers(scope, receive, send):
    headers = [(b"x-own", b"caf\xe9"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    await accepted(receive, send, headers=headers)
    await disconnected(scope, receive)


async def websocket_deny(scope, receive, send):
    await receive()
    await send({"type": "websocket.close", "code": 4003, "reason": "not you"})
    note(scope, "event", (await asyncio.wait_for(receive(), PATIENCE))["type"])


async def websocket_deny_response(scope, receive, send):
    await receive()
    headers = [TEXT, (b"www-authenticate", b"Basic"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    await send({"type": "websocket.http.response.start", "status": 401, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b"not ", "more_body": True})
    await send({"type": "websocket.http.response.body", "body": b"you\n"})


async def websocket_raise_before(scope, receive, send):
    await receive()
    raise RuntimeError("raise-before, on purpose")


async def websocket_return_before(scope, receive, send):
    await receive()


async def websocket_raise_after(scope, receive, send):
    await accepted(receive, send)
    await send({"type": "websocket.send", "text": "begun"})
    raise RuntimeError("raise-after, on purpose")


async def websocket_return_after(scope, receive, send):
    await accepted(receive, send)
    await send({"type": "websocket.send", "text": "begun"})


async def websocket_close(scope, receive, send):
    """Closes as the query says: ?code=4001&reason=bye, or with the default."""
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    await accepted(receive, send)
    await send({"type": "websocket.send", "text": "last"})
    message = {"type": "websocket.close"}
    if "code" in asked:
        message["code"] = int(asked["code"][0])
    if "reason" in asked:
        message["reason"] = asked["reason"][0]
    await send(message)
    await asyncio.wait_for(disconnected(scope, receive), PATIENCE)


async def websocket_gone(scope, receive, send):
    """Notes the disconnection, and what sending to nobody gives."""
    await accepted(receive, send)
    await send({"type": "websocket.send", "text": "ready"})
    await disconnected(scope, receive)
    await attempt(scope, send, {"type": "websocket.send", "text": "to nobody"})


async def websocket_endless(scope, receive, send):
    await accepted(receive, send)
    note(scope, "sent", 0)
    try:
        for sent in range(1, ENDLESS_BLOCKS + 1):
            await send({"type": "websocket.send", "bytes": BLOCK})
            note(scope, "sent", sent)
            await asyncio.sleep(0)
        note(scope, "ended", "never stopped")
    except Exception as error:
        note(scope, "ended", names(error))
    except asyncio.CancelledError:
        note(scope, "ended", "cancelled")
        raise


async def websocket_held_messages(scope, receive, send):
    """Takes nothing until it is released, then all there is."""
    await accepted(receive, send)
    await opened(scope)
    count, size = 0, 0
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            return
        if event.get("text") == "end":
            break
        count += 1
        size += len(event.get("bytes") or b"")
    await send({"type": "websocket.send", "text": json.dumps([count, size])})
    await disconnected(scope, receive)


async def websocket_by_itself(scope, receive, send):
    """Sends without being asked, while it receives."""
    await accepted(receive, send)
    waiting = asyncio.ensure_future(receive())
    for i in range(3):
        await send({"type": "websocket.send", "text": str(i)})
    event = await waiting
    await send({"type": "websocket.send", "text": "got " + str(event.get("text"))})
    await disconnected(scope, receive)


WEBSOCKET_WRONG_FIRST = {
    "send-first": {"type": "websocket.send", "text": "too early"},
    "unknown-type": {"type": "websocket.unknown"},
    "no-type": {"text": "typeless"},
    "http-type": {"type": "http.response.start", "status": 200, "headers": []},
}
WEBSOCKET_WRONG_THEN = {
    "second-accept": {"type": "websocket.accept"},
    "neither": {"type": "websocket.send"},
    "bytes-as-text": {"type": "websocket.send", "text": b"bytes"},
    "text-as-bytes": {"type": "websocket.send", "bytes": "text"},
    "unknown-type-then": {"type": "websocket.unknown"},
}


async def websocket_wrong(scope, receive, send):
    kind = parse_qs(scope["query_string"].decode("latin-1"))["kind"][0]
    if kind in WEBSOCKET_WRONG_FIRST:
        await receive()
        await attempt(scope, send, WEBSOCKET_WRONG_FIRST[kind])
        return
    await accepted(receive, send)
    await attempt(scope, send, WEBSOCKET_WRONG_THEN[kind])


async def websocket_closed_twice(scope, receive, send):
    await accepted(receive, send)
    await send({"type": "websocket.close"})
    await attempt(scope, send, {"type": "websocket.send", "text": "after the end"})


# The lifespan, as CONFORMANCE_LIFESPAN says.


def record(line):
    path = os.environ.get("CONFORMANCE_RECORD")
    if path:
        with open(path, "a") as file:
            file.write(line + "\n")


async def startup(scope, receive, send):
    event = await receive()
    lifespan["events"].append(event["type"])
    record(event["type"])
    if "state" in scope:
        scope["state"]["shared"] = []
        scope["state"]["text"] = "from the lifespan"


async def startup_complete(send):
    lifespan["complete"] = True
    record("startup complete")
    await send({"type": "lifespan.startup.complete"})


async def shutdown(receive):
    event = await receive()
    record(event["type"])


async def lifespan_plain(scope, receive, send):
    await startup(scope, receive, send)
    await startup_complete(send)
    await shutdown(receive)
    await asyncio.sleep(0.2)
    record("shutdown complete")
    await send({"type": "lifespan.shutdown.complete"})


async def lifespan_slow(scope, receive, send):
    await startup(scope, receive, send)
    await asyncio.sleep(1)
    await startup_complete(send)
    await shutdown(receive)
    await send({"type": "lifespan.shutdown.complete"})


async def lifespan_failed(scope, receive, send):
    await startup(scope, receive, send)
    await send({"type": "lifespan.startup.failed", "message": "lifespan-failed, on purpose"})


async def lifespan_raises(scope, receive, send):
    raise RuntimeError("lifespan is not supported, on purpose")


async def lifespan_raises_late(scope, receive, send):
    await receive()
    raise RuntimeError("lifespan is not supported, on purpose")


async def lifespan_returns(scope, receive, send):
    return


async def lifespan_shutdown_failed(scope, receive, send):
    await startup(scope, receive, send)
    await startup_complete(send)
    await shutdown(receive)
    await send({"type": "lifespan.shutdown.failed", "message": "shutdown-failed, on purpose"})


async def http_slow_end(scope, receive, send):
    """Is under way when the server is asked to stop."""
    await send(start(200, [TEXT, (b"content-length", b"12")]))
    await send(body(b"first\n", True))
    record("request begun")
    await asyncio.sleep(1)
    await send(body(b"ended\n"))
    record("request ended")


async def websocket_open_end(scope, receive, send):
    await accepted(receive, send)
    record("websocket begun")
    event = await disconnected(scope, receive)
    record(event["type"] + " " + str(event.get("code")))


async def no_such_behaviour(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close"})
    else:
        await answer(send, b"X-Conformance-Case names no behaviour of this app\n", 501)


async def app(scope, receive, send):
    kind = scope["type"]
    if kind == "lifespan":
        lifespan["calls"] += 1
        lifespan["scope"] = shown(scope)
        name = os.environ.get("CONFORMANCE_LIFESPAN", "plain")
    else:
        if lifespan["completeAtFirst"] is None:
            lifespan["completeAtFirst"] = lifespan["complete"]
            record("first request")
        name = field(scope, b"x-conformance-case")
    behaviour = globals().get(kind + "_" + name.replace("-", "_"), no_such_behaviour)
    await behaviour(scope, receive, send)


application = app
