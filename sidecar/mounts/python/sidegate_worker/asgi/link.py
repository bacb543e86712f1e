"""The connection to the gateway, and the calls of the app that it carries."""
import asyncio
import json
import threading
from collections import deque

from .frames import ABORT, CLOSED, PING, PONG, REPORT, START, pack_frame
from .reader import FrameReader
from .request import Request
from .scope import headers_apart, scope_of, shapes
from .websocket import WebSocket

# Parts of a request ahead of its variables (sidecar/wire/frame-packed.ts).
FACTS = 6


class Link(asyncio.Protocol):
    """`most`: calls at the same time; `patience`: seconds an app may go on with one whose client is gone."""

    def __init__(self, loop, most, patience, prefix):
        self.loop = loop
        self.most = most
        self.patience = patience
        self.prefix = prefix
        self.app = None
        # What lifespan has left for the requests; None: it has not.
        self.state = None
        self.transport = None
        self.reader = FrameReader(self.frame)
        self.thread = threading.get_ident()
        self.out = []
        self.is_due = False
        # Those that the gateway may say something about, by number; those whose code runs; those that have to wait.
        self.calls = {}
        self.running = set()
        self.waiting = deque()
        # Nothing is written any more: the loop ends.
        self.is_closed = False
        self.is_over = asyncio.Event()
        # There while the end of all of them is waited for.
        self.idle = None

    # --- the connection

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.reader.receive(data)
        # Behind the calls that have just begun: what is answered at once leaves in the same turn of the loop.
        if not self.is_due:
            self.is_due = True
            self.loop.call_soon(self.flush)

    def eof_received(self):
        self.over()
        # What is under way is still answered.
        return True

    def connection_lost(self, error):
        self.over()

    def over(self):
        """The gateway has closed it: nobody waits for what was not answered."""
        if self.is_over.is_set():
            return
        self.is_over.set()
        for call in list(self.calls.values()):
            call.abort(b'')

    def put(self, kind, number, payload=b''):
        """One frame; what is put during one turn of the loop leaves with one write."""
        self.put_parts(pack_frame(len(payload) << 8 | kind, number), payload)

    def put_parts(self, *parts):
        self.out.extend(parts)
        if not self.is_due:
            self.is_due = True
            self.loop.call_soon(self.flush)

    def flush(self):
        self.is_due = False
        out = self.out
        if out and self.transport is not None:
            self.out = []
            # Loops complain about a write behind the end, by the way that what is printed takes.
            if not self.transport.is_closing():
                self.transport.write(out[0] if len(out) == 1 else b''.join(out))

    def report(self, message):
        """For the log of the gateway. From any thread."""
        payload = json.dumps(message).encode('ascii')
        # At once: the code that wrote it may hold the loop for long, or end the process.
        if threading.get_ident() == self.thread:
            self.put(REPORT, 0, payload)
            self.flush()
        else:
            self.loop.call_soon_threadsafe(self.put, REPORT, 0, payload)

    @property
    def is_open(self):
        """What is reported goes to the gateway."""
        return not self.is_closed and not (self.transport is not None and self.transport.is_closing())

    async def close(self):
        """Leaves what was said last to the system."""
        # Behind what other threads have reported.
        await asyncio.sleep(0)
        self.is_closed = True
        self.flush()
        while self.transport.get_write_buffer_size() > 0 and not self.transport.is_closing():
            await asyncio.sleep(0.005)

    # --- the calls

    def frame(self, kind, number, payload):
        if kind == START:
            self.begin(number, payload)
        elif kind == PING:
            self.put(PONG, 0)
        else:
            call = self.calls.get(number)
            if call is not None:
                call.frame(kind, payload)
            elif kind == ABORT:
                self.put(CLOSED, number)

    def begin(self, number, payload):
        parts = payload.split(b'\0')
        name, length, window, upgrade, door, repeated = parts[:FACTS]
        at = FACTS
        if repeated:
            at += 2 * int(repeated)
        shape = shapes[b'\0'.join(parts[at::2])]
        values = parts[at + 1::2]
        values.append(b'')
        webSocket = upgrade == b'1'
        scope = scope_of(shape, values, webSocket, door[:5] == b'http\n', self.prefix)
        if repeated:
            scope['headers'] = headers_apart(shape, values, parts[FACTS:at])
        if self.state is not None:
            scope['state'] = self.state.copy()
        if webSocket:
            call = WebSocket(self, number, name, int(window), scope)
        else:
            call = Request(self, number, name, int(window), scope, length == b'0')
        self.calls[number] = call
        if len(self.running) < self.most:
            self.start(call)
        else:
            self.waiting.append(call)

    def start(self, call):
        self.running.add(call)
        call.task = self.loop.create_task(call.run())

    def forget(self, call):
        """Its answer is complete: the gateway knows."""
        self.calls.pop(call.number, None)

    def drop(self, call):
        """One that waits, and that nobody waits for any more."""
        self.waiting.remove(call)
        self.put(CLOSED, call.number)
        self.forget(call)

    def done(self, call):
        """The app has returned."""
        self.running.discard(call)
        # Its context has the call: a circle, which only a collection of garbage would end.
        call.task = None
        if call.timer is not None:
            call.timer.cancel()
        if call.partial:
            call.flush_partial()
        if self.calls.get(call.number) is call:
            self.put(CLOSED, call.number)
            self.forget(call)
        while self.waiting and len(self.running) < self.most:
            self.start(self.waiting.popleft())
        if self.idle is not None and not self.running and not self.idle.done():
            self.idle.set_result(None)

    async def settle(self, seconds):
        """Lets the app finish what it does behind its answers; what is not done in time is cancelled, and has as long again at most."""
        for call in list(self.waiting):
            self.drop(call)
        for cancel in (False, True):
            if not self.running:
                return
            if cancel:
                for call in self.running:
                    call.task.cancel()
            self.idle = self.loop.create_future()
            try:
                await asyncio.wait_for(self.idle, seconds if not cancel else min(seconds, 1))
                return
            except asyncio.TimeoutError:
                pass
