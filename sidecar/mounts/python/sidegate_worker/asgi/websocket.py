"""A WebSocket (ASGI "WebSocket Connection Scope"): messages both ways. The gateway speaks RFC 6455 to the client."""
from collections import deque

from .call import Call
from .frames import (
    BINARY, CLIENT_CLOSE, CLIENT_MESSAGE, CLOSE, CODE, DATA, END, HEAD, MESSAGE, MORE, PIECE, RESPONSE, TEXT, UPGRADE, pack_headed)
from .rules import AppMistake, ClientDisconnected, check_bytes, check_status, head_of, kind_of, wrong

# What is agreed on has fields of its own.
HANDSHAKE = (b'sec-websocket-accept', b'sec-websocket-extensions', b'sec-websocket-protocol', b'upgrade', b'connection')
# Bytes of the reason of a close (RFC 6455 5.5).
REASON_MAX = 123
NORMAL, LOST, FAILED = 1000, 1006, 1011
# `asked`: nothing was answered; `open`; `closed`: by whomever; `refusing`: a response is under way; `refused`: it is complete.
ASKED, OPEN, CLOSED, REFUSING, REFUSED = range(5)


def is_code(code):
    """RFC 6455 7.4: what may be sent."""
    return isinstance(code, int) and (1000 <= code <= 1014 and code not in (1004, 1005, 1006) or 3000 <= code <= 4999)


class WebSocket(Call):
    def __init__(self, link, number, id, window, scope):
        Call.__init__(self, link, number, id, window, scope)
        # The app was told of it.
        self.connected = False
        # Those that the app has not taken, what each is and its pieces; pieces of one that is not complete.
        self.messages = deque()
        self.pieces = []
        self.state = ASKED
        # How it was closed: code and reason.
        self.closed = None
        self.head = None

    def frame(self, kind, payload):
        if kind == CLIENT_MESSAGE:
            self.pieces.append(payload)
            if payload[0] & MORE:
                # A message may be larger than what may be under way; how large, the gateway sees to.
                self.allow(len(payload))
                return
            self.messages.append((payload[0], self.pieces))
            self.pieces = []
            self.wake()
        elif kind == CLIENT_CLOSE:
            self.closed = (CODE.unpack_from(payload)[0], payload[2:].decode('utf-8', 'replace'))
            self.state = CLOSED
            self.wake()
        else:
            Call.frame(self, kind, payload)

    async def receive(self):
        if not self.connected:
            self.connected = True
            return {'type': 'websocket.connect'}
        while True:
            # What came before the end is told before it.
            if self.messages:
                return self.next_message()
            if self.closed is not None:
                code, reason = self.closed
                return {'type': 'websocket.disconnect', 'code': code, 'reason': reason}
            if self.gone or self.state == REFUSED:
                return {'type': 'websocket.disconnect', 'code': LOST, 'reason': ''}
            await self.wait()

    def next_message(self):
        what, pieces = self.messages.popleft()
        self.allow(len(pieces[-1]))
        data = pieces[0][1:] if len(pieces) == 1 else b''.join(piece[1:] for piece in pieces)
        if what & TEXT:
            return {'type': 'websocket.receive', 'text': data.decode('utf-8')}
        return {'type': 'websocket.receive', 'bytes': data}

    async def send(self, message):
        kind = kind_of(message)
        self.demand_client()
        state = self.state
        if state == OPEN:
            if kind == 'websocket.send':
                await self.send_message(kind, message)
            elif kind == 'websocket.close':
                self.close(kind, message)
            else:
                raise wrong(kind, 'the WebSocket is open: websocket.send and websocket.close can come')
        elif state == ASKED:
            self.answer(kind, message)
        elif state == REFUSING and kind == 'websocket.http.response.body':
            await self.refuse(kind, message)
        elif state == REFUSING:
            raise wrong(kind, 'the WebSocket is being refused: only websocket.http.response.body can come')
        else:
            self.demand_open(kind)

    def answer(self, kind, message):
        if kind == 'websocket.accept':
            self.accept(kind, message)
        elif kind == 'websocket.close':
            self.put_head(RESPONSE, head_of(403, [(b'content-length', b'0')])[0])
            self.end(REFUSED)
        elif kind == 'websocket.http.response.start':
            status = check_status(kind, message)
            self.head = head_of(status, message.get('headers', ()))[0]
            self.state = REFUSING
        else:
            raise wrong(kind, 'a WebSocket is answered first: by websocket.accept, websocket.close or websocket.http.response.start')

    def accept(self, kind, message):
        headers = list(message.get('headers') or ())
        for pair in headers:
            if isinstance(pair, (tuple, list)) and pair and isinstance(pair[0], bytes) and pair[0].lower() in HANDSHAKE:
                raise wrong(kind, 'with the header %s, which is the server\'s (a subprotocol goes into `subprotocol`)' % pair[0].decode('latin-1'))
        subprotocol = message.get('subprotocol')
        if subprotocol is not None:
            if subprotocol not in self.scope['subprotocols']:
                raise wrong(kind, 'its subprotocol %r is none of those that the client offers: %s' % (
                    subprotocol, ', '.join(self.scope['subprotocols']) or 'it offers none'))
            headers.append((b'Sec-WebSocket-Protocol', subprotocol.encode('latin-1')))
        self.put_head(UPGRADE, head_of(101, headers)[0])
        self.state = OPEN

    async def send_message(self, kind, message):
        text, data = message.get('text'), message.get('bytes')
        if (text is None) == (data is None):
            raise wrong(kind, 'it has to have one of `text` and `bytes`')
        if text is None:
            check_bytes(kind, 'bytes', data)
            data = bytes(data)
        elif not isinstance(text, str):
            raise AppMistake('BODY_TYPE', '`text` of %s is a %s: it has to be a str' % (kind, type(text).__name__))
        else:
            data = text.encode('utf-8')
        what = BINARY if text is None else TEXT
        size = len(data)
        at = 0
        while True:
            if self.credit <= 0:
                await self.room()
                self.demand_open(kind)
            end = min(size, at + PIECE)
            self.put_message(what | MORE if end < size else what, data if end - at == size else data[at:end])
            at = end
            if at == size:
                return

    def demand_open(self, kind):
        if self.closed is not None:
            raise ClientDisconnected()
        if self.state != OPEN:
            raise wrong(kind, 'the WebSocket is closed')

    def put_message(self, what, data):
        self.credit -= 1 + len(data)
        self.link.put(MESSAGE, self.number, bytes((what,)) + data)

    def close(self, kind, message):
        code = message.get('code', NORMAL)
        reason = message.get('reason') or ''
        if not is_code(code):
            raise wrong(kind, 'its code %r is none that can be sent (RFC 6455 7.4)' % (code,))
        if not isinstance(reason, str) or len(reason.encode('utf-8')) > REASON_MAX:
            raise wrong(kind, 'its reason has to be a str of %d bytes at most (RFC 6455 5.5)' % REASON_MAX)
        self.put_close(code, reason)

    def put_close(self, code, reason=''):
        self.link.put(CLOSE, self.number, CODE.pack(code) + reason.encode('utf-8'))
        self.state = CLOSED

    async def refuse(self, kind, message):
        """Extension `websocket.http.response`."""
        body = message.get('body', b'')
        check_bytes(kind, 'body', body)
        if self.head is not None:
            self.put_head(HEAD, self.head)
            self.head = None
        view = bytes(body)
        for at in range(0, len(view), PIECE):
            await self.room()
            piece = view[at:at + PIECE]
            self.credit -= len(piece)
            self.link.put(DATA, self.number, piece)
        if not message.get('more_body', False):
            self.link.put(END, self.number)
            self.end(REFUSED)

    def put_head(self, kind, head):
        self.link.put_parts(pack_headed(4 + len(head) << 8 | kind, self.number, len(head)), head, b'')

    def end(self, state):
        self.state = state
        self.link.forget(self)
        self.wake()

    def returned(self):
        if self.state == OPEN and not self.gone:
            self.put_close(NORMAL)
        elif self.state == ASKED and not self.gone:
            raise AppMistake('NO_HEAD', 'the app returned without accepting the WebSocket or refusing it')
        elif self.state == REFUSING and not self.gone:
            raise wrong('no end of its response', 'the last websocket.http.response.body has to come without `more_body`')

    def raised(self, error):
        if self.state in (ASKED, REFUSING):
            self.state = REFUSED
            self.fail(error)
            return
        if self.state == OPEN:
            self.put_close(FAILED)
        self.log_error(error)
