"""The process: its loop, the start of the app and its end."""
import asyncio
import faulthandler
import os
import sys

from ..arguments import options
from ..channels import PIPES, open_connection, open_control
from ..control import listen_to, shortened, tell, tell_text
from ..failed import Failed
from ..loading import load
from ..native import start_native_thread
from ..output import Output
from ..serving import calm_gateway, give_way
from ..signals import Signals
from ..sources import Sources
from ..stacks import open_dump
from .call import current
from .interface import single
from .interrupt import Interrupt
from .lifespan import Lifespan
from .link import Link
from .stacks import stacks

# The part of the time for the end that the app has for what it does behind its answers; lifespan has the rest.
SETTLE = 0.7


class ContextOutput(Output):
    """Tasks and threads that a request starts have its name in their context."""

    def request(self):
        call = current.get()
        return call if call is not None and call.link.is_open else None


def new_loop(kind):
    """uvloop's where the app's environment has it."""
    if kind != 'asyncio':
        try:
            import uvloop
            return uvloop.new_event_loop()
        except ImportError as error:
            if kind == 'uvloop':
                raise Failed('ASGI_LOOP', 'loop is uvloop, which cannot be imported: %s. Install it into the environment of the app, or set loop to auto' % error)
    return asyncio.new_event_loop()


def main(arguments):
    """Serves the app until the gateway ends the connection; the exit code. `arguments`: those of ../worker.py behind `asgi`."""
    settings = options(arguments)
    heard, control = open_control(1)
    if PIPES:
        from ..job import hold_children
        hold_children()
    sys.stdout = ContextOutput('stdout', sys.stdout)
    sys.stderr = ContextOutput('stderr', sys.stderr)
    faulthandler.enable(file=sys.__stderr__)
    signals = Signals(control)
    sys.path[:0] = settings['path'] + [os.getcwd()]
    sys.argv = [settings['target']]
    sources = Sources(control) if settings['sources'] else None
    try:
        loop = new_loop(settings['loop'])
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve(settings, loop, signals, (heard, control), sources))
        loop.run_until_complete(loop.shutdown_asyncgens())
    except Failed as error:
        if sources:
            sources.look()
        tell(control, type='failed', code=error.code, message=shortened(str(error)), detail=error.detail and shortened(error.detail))
        return 1
    return 0


async def serve(settings, loop, signals, channel, sources):
    heard, control = channel
    link = Link(loop, settings['requests'], settings['abort'], settings['prefix'])
    interrupt = Interrupt(link, (main.__code__,))
    connection = open_connection(0)

    def part():
        # The loop is its parent's, and so are the requests.
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, connection.fileno(), False)
        os.close(null)
        current.set(None)

    signals.guard_forks(part)

    def act(message):
        if message['type'] == 'stacks':
            text, request = stacks(link)
            tell_text(control, message['number'], text, request=request)
        elif message['type'] == 'late':
            interrupt.at(message['request'])

    start_native_thread(listen_to, (heard, act, lambda: None, settings['stop']))
    if PIPES:
        from .pipes import connect
        connect(loop, link, connection)
    else:
        connection.setblocking(False)
        await loop.create_connection(lambda: link, sock=connection)
    # In the loop, as uvicorn does: some apps ask for it while they are imported.
    link.app = load(settings['target'], settings['wrap'], single)
    lifespan = Lifespan(link, settings['lifespan'])
    await lifespan.startup()
    link.flush()
    calm_gateway(settings['gateway'])
    give_way()
    tell(control, type='ready', python=sys.version.split()[0], pid=os.getpid(), stacks=open_dump())
    if sources:
        start_native_thread(sources.keep_looking, ())
    await link.is_over.wait()
    await link.settle(settings['stop'] * SETTLE)
    await lifespan.shutdown(settings['stop'] * (1 - SETTLE) * 0.8)
    await cancel_left(settings['stop'] * (1 - SETTLE) * 0.1)
    await link.close()


async def cancel_left(seconds):
    """Tasks that the app has left behind are cancelled, as asyncio.run does, and have so long to clean up."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=seconds)
