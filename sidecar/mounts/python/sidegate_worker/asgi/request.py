"""A request (ASGI "HTTP Connection Scope")."""
import os

from .call import Call
from .frames import BODY, BODY_END, DATA, END, HEAD, INTERIM, PIECE, RESPONSE, pack_headed
from .rules import AppMistake, ClientDisconnected, check_bytes, check_status, head_of, kind_of, wrong

# A body up to this size goes in one frame with its head.
ONE_FRAME = 48 * 1024
BODILESS = (204, 304)
# More than any length has.
LENGTH_DIGITS = 20
# `fresh`: nothing was sent; `begun`: the head is held; `sent`: it is gone; `complete`.
FRESH, BEGUN, SENT, COMPLETE = range(4)


class Request(Call):
    # Of the body: pieces that the app has not taken; the app was told of its end; bytes that came, and may come.
    chunks = ()
    told = False
    came = 0
    granted = 0
    state = FRESH
    head = None
    # Of the Content-Length that the app announced; -1: none, or it does not matter.
    missing = -1

    def __init__(self, link, number, id, window, scope, ended):
        Call.__init__(self, link, number, id, window, scope)
        # All of the body is here.
        self.ended = ended

    def frame(self, kind, payload):
        if kind == BODY:
            self.came += len(payload)
            if self.chunks:
                self.chunks.append(payload)
            else:
                self.chunks = [payload]
            self.wake()
        elif kind == BODY_END:
            self.ended = True
            self.wake()
        else:
            Call.frame(self, kind, payload)

    async def receive(self):
        while True:
            if self.gone or self.state == COMPLETE:
                return {'type': 'http.disconnect'}
            if self.chunks or self.ended and not self.told:
                body = self.chunks[0] if len(self.chunks) == 1 else b''.join(self.chunks)
                self.chunks = ()
                self.told = self.ended
                return {'type': 'http.request', 'body': body, 'more_body': not self.ended}
            if not self.ended:
                self.demand()
            await self.wait()

    def demand(self):
        """What has arrived is taken: more may come."""
        under_way = max(0, self.granted - self.came)
        if under_way <= self.window // 2:
            self.granted = self.came + self.window
            self.allow(self.window - under_way)

    async def send(self, message):
        kind = kind_of(message)
        if self.gone:
            raise ClientDisconnected()
        state = self.state
        if state == COMPLETE:
            # "Response Body": what comes behind the last part is ignored.
            return
        if kind == 'http.response.start':
            if state != FRESH:
                raise wrong(kind, 'a response begins once')
            self.start(kind, message)
        elif kind == 'http.response.body':
            if state == FRESH:
                raise AppMistake('NO_HEAD', 'the app sent %s before http.response.start' % kind)
            body = message.get('body', b'')
            if type(body) is not bytes:
                check_bytes(kind, 'body', body)
                body = bytes(body)
            if self.missing >= 0:
                self.measure(len(body))
            if state != BEGUN or message.get('more_body', False) or self.missing > 0 or len(body) > ONE_FRAME:
                await self.send_body(body, message.get('more_body', False))
                return
            head = self.head
            self.link.put_parts(pack_headed(4 + len(head) + len(body) << 8 | RESPONSE, self.number, len(head)), head, body)
            self.complete()
        elif kind == 'http.response.pathsend':
            await self.send_path(kind, message)
        elif kind == 'http.response.early_hint':
            self.hint(kind, message)
        else:
            raise wrong(kind, 'the server has told of no such message (scope["extensions"])' if kind.startswith('http.')
                        else 'the messages of a response are http.response.start and http.response.body')

    def start(self, kind, message):
        status = check_status(kind, message)
        if message.get('trailers'):
            raise wrong(kind, 'with `trailers`, of which the server has told nothing (scope["extensions"])')
        self.head, length = head_of(status, message.get('headers', ()))
        if length is not None and status not in BODILESS and self.scope['method'] != 'HEAD':
            # What is no number, or too long for one, is refused by the gateway.
            self.missing = int(length) if length.isdigit() and len(length) <= LENGTH_DIGITS else -1
        self.state = BEGUN

    async def send_body(self, body, more):
        """A part of a body, or one that is too large for one frame."""
        if self.state == BEGUN:
            self.send_head()
        if body:
            await self.send_data(body)
        if more:
            return
        if self.missing > 0:
            raise AppMistake('BODY_TOO_SHORT', 'the app ends its response %d bytes before its Content-Length' % self.missing)
        self.link.put(END, self.number)
        self.complete()

    def measure(self, size):
        """RFC 9110 8.6: as many bytes as were announced."""
        if size > self.missing:
            raise AppMistake('BODY_TOO_LONG', 'the app sends %d bytes more than its Content-Length' % (size - self.missing))
        self.missing -= size

    def send_head(self):
        head = self.head
        self.link.put_parts(pack_headed(4 + len(head) << 8 | HEAD, self.number, len(head)), head, b'')
        self.state = SENT

    async def send_data(self, body):
        size = len(body)
        at = 0
        while at < size:
            if self.credit <= 0:
                await self.room()
            piece = body if at == 0 and size <= min(self.credit, PIECE) else body[at:at + min(self.credit, PIECE)]
            self.credit -= len(piece)
            self.link.put(DATA, self.number, piece)
            at += len(piece)

    async def send_path(self, kind, message):
        """Extension `http.response.pathsend`: a file is the body."""
        if self.state != BEGUN:
            raise wrong(kind, 'it comes once, between http.response.start and the end of the response')
        path = message.get('path')
        if not isinstance(path, str) or not os.path.isabs(path):
            raise wrong(kind, 'its `path` is %r: it has to be an absolute path' % (path,))
        run = self.link.loop.run_in_executor
        file = await run(None, open, path, 'rb')
        try:
            while True:
                block = await run(None, file.read, PIECE)
                await self.send({'type': 'http.response.body', 'body': block, 'more_body': bool(block)})
                if not block:
                    return
        finally:
            file.close()

    def hint(self, kind, message):
        """Extension `http.response.early_hint`; a door that has none of it sends none (RFC 9110 15.2)."""
        if self.state == SENT:
            raise wrong(kind, 'hints come before the head is sent, which goes with the first http.response.body')
        try:
            links = [(b'link', link) for link in message.get('links')]
        except TypeError:
            raise wrong(kind, 'its `links` are %.80r: they have to be bytes, in a list' % (message.get('links'),))
        head, _ = head_of(103, links)
        self.link.put_parts(pack_headed(4 + len(head) << 8 | INTERIM, self.number, len(head)), head, b'')

    def complete(self):
        self.state = COMPLETE
        self.link.forget(self)
        if self.waiters:
            self.wake()

    def returned(self):
        if self.gone or self.state == COMPLETE:
            return
        if self.state == FRESH:
            raise AppMistake('NO_HEAD', 'the app returned without sending http.response.start')
        raise wrong('no end of its response', 'the last http.response.body has to come without `more_body`')

    def raised(self, error):
        if self.state == COMPLETE:
            self.log_error(error)
            return
        self.state = COMPLETE
        self.fail(error)
