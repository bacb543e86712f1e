"""One call of the app: a request or a WebSocket."""
import asyncio
import contextvars
import json
import time
import traceback

from ..output import TEXT_MAX
from ..traces import is_own
from .frames import ABORT, BODY_CREDIT, CREDIT, FAILED, NUMBER, pack_number
from .rules import AppMistake, ClientDisconnected

# The call that code runs for; tasks and threads that it starts have it too.
current = contextvars.ContextVar('sidegate_call', default=None)


def told_of(error):
    """Code, message and traceback of what the app raised. The frames of this package that are around it are left out."""
    trace = error.__traceback__
    while trace is not None and is_own(trace):
        trace = trace.tb_next
    mistake = isinstance(error, AppMistake)
    try:
        detail = ''.join(traceback.format_exception(type(error), error, trace))[-TEXT_MAX:]
        message = str(error) if mistake else traceback.format_exception_only(type(error), error)[-1].strip()
    except Exception:  # an exception whose __str__ raises
        detail = None
        message = type(error).__name__
    return error.code if mistake else 'APP_RAISED', message[:1000], None if mistake and trace is None else detail


class Call:
    """What requests and WebSockets have in common. `window`: bytes that may be under way, each way."""

    # What most calls never change is not made for each.
    # Nobody waits for what is sent any more.
    gone = False
    # It took too long (requestTimeout).
    late = False
    waiters = ()
    task = None
    timer = None
    partial = None

    def __init__(self, link, number, id, window, scope):
        self.link = link
        self.number = number
        self.id = id
        self.scope = scope
        self.window = window
        # Bytes that may be sent.
        self.credit = window
        self.began = time.monotonic()

    @property
    def name(self):
        """As logs name it."""
        return self.id.decode('latin-1')

    async def run(self):
        current.set(self)
        try:
            await self.link.app(self.scope, self.receive, self.send)
            self.returned()
        except BaseException as error:
            # What an app makes of a client that is gone is nobody's news.
            if not self.gone:
                self.raised(error)
        finally:
            self.link.done(self)

    def frame(self, kind, payload):
        """One from the gateway."""
        if kind == CREDIT:
            self.credit += NUMBER.unpack(payload)[0]
            self.wake()
        elif kind == ABORT:
            self.abort(payload)

    def abort(self, why):
        """Nobody waits for the response any more. `why`: a failure as JSON, or nothing."""
        self.gone = True
        self.wake()
        if self.task is None:
            self.link.drop(self)
        elif b'"REQUEST_LATE"' in why:
            self.late = True
            self.task.cancel()
        else:
            self.timer = self.link.loop.call_later(self.link.patience, self.task.cancel)

    async def wait(self):
        """Until a frame has come for it."""
        waiter = self.link.loop.create_future()
        self.waiters += (waiter,)
        try:
            await waiter
        finally:
            self.waiters = tuple(one for one in self.waiters if one is not waiter)

    def wake(self):
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def room(self):
        """Until something may be sent."""
        while self.credit <= 0:
            await self.wait()
            self.demand_client()

    def demand_client(self):
        if self.gone:
            raise ClientDisconnected()

    def allow(self, size):
        """So many bytes more may come from the client."""
        self.link.put(BODY_CREDIT, self.number, pack_number(size))

    def fail(self, error):
        """The gateway answers, or cuts."""
        code, message, detail = told_of(error)
        failure = {'code': code, 'status': 500, 'blame': 'app', 'message': message}
        if detail is not None:
            failure['detail'] = detail
        self.link.put(FAILED, self.number, json.dumps(failure).encode('ascii'))
        self.link.forget(self)

    def log_error(self, error):
        """What the app raised when its answer was complete."""
        code, message, detail = told_of(error)
        fields = {'code': code, 'blame': 'app', 'request': self.name, 'detail': detail}
        self.link.report({'level': 'error', 'message': message, 'fields': fields})

    def log(self, stream, text):
        """What it wrote: whole lines go out at once, the rest waits for its end."""
        partial = self.partial
        if partial is None:
            partial = self.partial = {}
        text = partial.pop(stream, '') + text
        end = text.rfind('\n') + 1
        if end < len(text):
            if len(text) > TEXT_MAX:
                end = len(text)
            else:
                partial[stream] = text[end:]
        if end:
            self.emit(stream, text[:end])

    def flush_partial(self):
        partial, self.partial = self.partial, None
        for stream, text in (partial or {}).items():
            self.emit(stream, text)

    def emit(self, stream, text):
        if len(text) > TEXT_MAX:
            text = text[:TEXT_MAX] + ' (cut)'
        self.link.report({'stream': stream, 'text': text, 'request': self.name})

    def __str__(self):
        scope = self.scope
        return '%s %s' % (scope.get('method', 'WebSocket'), scope['raw_path'].decode('latin-1'))


def calls_of(task):
    """The call that a task runs for, where Python tells that."""
    context = getattr(task, 'get_context', None)
    return context().get(current) if context is not None and isinstance(task, asyncio.Task) else None
