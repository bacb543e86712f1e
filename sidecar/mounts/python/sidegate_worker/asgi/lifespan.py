"""The start and the end of the app (ASGI "Lifespan Protocol")."""
import asyncio

from ..failed import Failed
from .call import told_of
from .rules import kind_of, wrong

AUTO, ON, OFF = 'auto', 'on', 'off'
END = 'ASGI_SHUTDOWN'


class Lifespan:
    """`mode`: `auto` (an app that raises has none), `on` (one that raises does not start), `off`."""

    def __init__(self, link, mode):
        self.link = link
        self.mode = mode
        self.state = {}
        self.events = asyncio.Queue()
        # What the app has answered to the start and to the end: None, or the message of a failure.
        self.started = link.loop.create_future()
        self.stopped = link.loop.create_future()
        self.task = None
        self.error = None
        # It has been told of its end; what it raised is in the log.
        self.is_ending = False
        self.is_told = False

    async def startup(self):
        """Returns when the app is ready. What it leaves in `state` is for the requests.

        :raises Failed: when the app says that it is not, or has no lifespan and has to have one.
        """
        if self.mode == OFF:
            return
        self.events.put_nowait({'type': 'lifespan.startup'})
        self.task = self.link.loop.create_task(self.run())
        await asyncio.wait([self.task, self.started], return_when=asyncio.FIRST_COMPLETED)
        if self.started.done():
            message = self.started.result()
            if message is not None:
                await self.settle()
                raise Failed('ASGI_STARTUP_FAILED', 'the app says that it cannot start (lifespan.startup.failed)%s' % (message and ': ' + message),
                             self.error and told_of(self.error)[2])
            self.link.state = self.state
            return
        self.task = None
        self.without()

    def without(self):
        """The app has ended without an answer."""
        if self.error is None:
            if self.mode == ON:
                raise Failed('ASGI_LIFESPAN', 'the app returned from lifespan without an answer, and lifespan is on')
            return
        _, message, detail = told_of(self.error)
        if self.mode == ON:
            raise Failed('ASGI_LIFESPAN', 'the app raised %s in lifespan, and lifespan is on' % message, detail)
        self.link.report({'level': 'info', 'fields': {'detail': detail}, 'message':
                          'the app has no lifespan: it raised %s (lifespan: on makes that an error, off does not ask)' % message})

    async def settle(self):
        """An app that has said that it failed usually raises then: that tells more."""
        await asyncio.wait([self.task], timeout=1)
        self.task.cancel()

    async def run(self):
        scope = {'type': 'lifespan', 'asgi': {'version': '3.0', 'spec_version': '2.0'}, 'state': self.state}
        try:
            await self.link.app(scope, self.events.get, self.send)
        except BaseException as error:
            self.error = error
            if not self.is_ending and self.started.done() and self.started.result() is None:
                self.is_told = True
                self.tell('ASGI_LIFESPAN_LOST', 'the app raised %s in lifespan, and goes on to serve without' % told_of(error)[1])

    async def send(self, message):
        kind = kind_of(message)
        phase, _, outcome = kind.rpartition('.')
        future = {'lifespan.startup': self.started, 'lifespan.shutdown': self.stopped}.get(phase)
        if future is None or outcome not in ('complete', 'failed'):
            raise wrong(kind, 'in lifespan the answers are startup.complete, startup.failed, shutdown.complete and shutdown.failed')
        if future.done():
            raise wrong(kind, 'it was answered before')
        future.set_result(None if outcome == 'complete' else str(message.get('message', '')))

    async def shutdown(self, seconds):
        """Tells the app to end; waits for so long."""
        if self.task is None or self.is_told:
            return
        self.is_ending = True
        if not self.task.done():
            self.events.put_nowait({'type': 'lifespan.shutdown'})
            await asyncio.wait([self.task, self.stopped], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if self.stopped.done():
                await asyncio.wait([self.task], timeout=min(seconds, 1))
        message = self.stopped.result() if self.stopped.done() else None
        if message is not None:
            self.tell(END, 'the app says that its end failed (lifespan.shutdown.failed)%s' % (message and ': ' + message))
        elif self.error is not None:
            self.tell(END, 'the app raised %s in lifespan' % told_of(self.error)[1])
        elif not self.task.done() and not self.stopped.done():
            self.tell(END, 'the app has not ended its lifespan within %g s (stopTimeout)' % seconds)

    def tell(self, code, message):
        detail = self.error and told_of(self.error)[2]
        self.link.report({'level': 'error', 'message': message, 'fields': {'code': code, 'blame': 'app', 'detail': detail}})
