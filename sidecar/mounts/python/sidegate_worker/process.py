"""The process: signals, forks, the start of the app and its end."""
import faulthandler
import os
import sys

from .arguments import options
from .channels import PIPES, open_control
from .connection import Connection
from .control import listen_to, shortened, tell, tell_text
from .failed import Failed
from .file_wrapper import FileWrapper
from .limits import heed_signal, interrupt
from .loading import load
from .native import native_ident, start_native_thread
from .output import Output, running
from .pipes import Pipes
from .prefix import at_root
from .request import Request, early_hints
from .serving import calm_gateway, serve, serve_beside
from .signals import Signals
from .sources import Sources
from .stacks import open_dump, stacks


def main(arguments):
    """Serves the app until the gateway ends its connections; the exit code. `arguments`: those of ../worker.py behind `serve`."""
    settings = options(arguments)
    threads = settings['threads']
    heard, control = open_control(threads)
    if PIPES:
        from .job import hold_children
        hold_children()
    sys.stdout = Output('stdout', sys.stdout)
    sys.stderr = Output('stderr', sys.stderr)
    faulthandler.enable(file=sys.__stderr__)

    signals = Signals(control)
    base = {
        'wsgi.version': (1, 0),
        'wsgi.url_scheme': 'http',
        'wsgi.multithread': threads > 1,
        'wsgi.multiprocess': settings['processes'] > 1,
        'wsgi.run_once': False,
        'wsgi.input_terminated': True,
        'wsgi.file_wrapper': FileWrapper,
        'wsgi.early_hints': early_hints,
    }
    connections = [Connection(index, base) for index in range(threads)]
    pipes = Pipes(connections)
    heed_signal(connections[0], Request.run.__code__)

    def part():
        request = getattr(running, 'request', None)
        if request is not None:
            request.partial = None
            running.request = None
        for connection in connections:
            connection.part()
        pipes.part()

    signals.guard_forks(part)
    main_thread = native_ident()

    def act(message):
        if message['type'] == 'abort':
            connection = connections[message['connection']]
            connection.aborted = message['sequence']
            if message.get('late'):
                interrupt(connection, message['sequence'], main_thread)
        elif message['type'] == 'stacks':
            tell_text(control, message['number'], stacks(connections))
        elif message['type'] == 'serve':
            pipes.settle(message['pipes'])

    # Not known to the threading module: gevent's patches fail at the import of an app when there is another thread.
    start_native_thread(listen_to, (heard, act, lambda: pipes.settle(False), settings['stop']))

    sys.path[:0] = settings['path'] + [os.getcwd()]
    sys.argv = [settings['target']]
    sources = Sources(control) if settings['sources'] else None
    try:
        app = load(settings['target'], settings['wrap'])
        if settings['interface'] == 'web3':
            from .web3 import as_wsgi
            app = as_wsgi(app)
        if settings['prefix']:
            app = at_root(app)
    except Failed as error:
        if sources:
            sources.look()
        tell(control, type='failed', code=error.code, message=shortened(str(error)), detail=error.detail and shortened(error.detail))
        return 1
    ends = []
    connections[0].thread = native_ident()
    try:
        for connection in connections[1:]:
            ends.append(serve_beside(connection, app, pipes))
    except (RuntimeError, MemoryError) as error:
        tell(control, type='failed', code='PYTHON_THREADS', message='only %d of %d threads could be started (%s): set fewer threads, or '
             'raise the limit (ulimit -v, ulimit -u, TasksMax of the service, pids of the container)' % (
                 len(ends) + 1, threads, error or 'no memory'))
        return 1
    calm_gateway(settings['gateway'])
    tell(control, type='ready', python=sys.version.split()[0], pid=os.getpid(), requests=pipes.open(), stacks=open_dump())
    if sources:
        start_native_thread(sources.keep_looking, ())
    pipes.wait()
    serve(connections[0], app)
    for end in ends:
        end.acquire()
    return 0
