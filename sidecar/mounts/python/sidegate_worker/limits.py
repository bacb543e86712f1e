"""The end of the time that a request may take: an exception in the thread that runs it, wherever the app is.

It is raised in the app's code only (`exposed`), never in this package's, whose bytes would get out of step: what runs here looks by itself
when it goes back to the app. The main thread is reached by a signal, which ends a system call that waits, too. In the others Python raises
it at the next line of Python that runs there; what waits in C goes on until it returns.
"""
import signal
import sys

from .native import native_ident, native_sleep

# Nobody else's: neither Python nor the C library sends it. None on systems without such signals.
LATE = signal.SIGRTMIN + 8 if hasattr(signal, 'SIGRTMIN') and hasattr(signal, 'pthread_kill') else None


class TimeLimitExceeded(BaseException):
    """The request took longer than it may; nobody waits for the response any more. Not an Exception: what tries again and again shall end."""

    # Tracebacks have its name alone.
    __module__ = '__main__'

    def __init__(self):
        BaseException.__init__(self, 'the request took longer than it may (requestTimeout)')


def is_inside(frame, code):
    """Whether a frame was called, at whatever distance, by one of `code`. Greenlets have stacks of their own."""
    while frame is not None:
        if frame.f_code is code:
            return True
        frame = frame.f_back
    return False


def heed_signal(connection, code):
    """The main thread is interrupted for `connection`, which it serves, while it is in `code`."""
    def is_late():
        return connection.exposed and connection.late == connection.sequence

    def heed(number, frame):
        if not is_late():
            return
        if is_inside(frame, code):
            connection.exposed = False
            raise TimeLimitExceeded()
        waiting = first_greenlet()
        if waiting is None or not is_inside(waiting.gr_frame, code):
            return
        if waits_in_eventlet(frame):
            # The hub's end is that of the greenlet which it comes from; there is another one with the next wait.
            connection.exposed = False
            raise TimeLimitExceeded()
        from_hub(throw)

    def throw():
        waiting = first_greenlet()
        if is_late() and is_inside(waiting.gr_frame, code):
            connection.exposed = False
            waiting.throw(TimeLimitExceeded())

    if LATE is not None:
        signal.signal(LATE, heed)


def first_greenlet():
    """That of the thread itself, which serves: an app that waits for others (gevent, eventlet) has left it meanwhile."""
    greenlet = sys.modules.get('greenlet')
    found = greenlet.getcurrent() if greenlet else None
    while found is not None and found.parent is not None:
        found = found.parent
    return found


def waits_in_eventlet(frame):
    """Whether eventlet's hub waits: it does not look for new calls meanwhile."""
    hubs = sys.modules.get('eventlet.hubs')
    hub = hubs.get_hub() if hubs else None
    names = ('wait', 'do_poll')
    return hub is not None and frame.f_code in [getattr(getattr(hub, name, None), '__code__', None) for name in names]


def from_hub(call):
    """Has it called where greenlets are switched: who leaves another one than the hub is not come back to."""
    gevent, hubs = sys.modules.get('gevent'), sys.modules.get('eventlet.hubs')
    if gevent:
        gevent.get_hub().loop.run_callback_threadsafe(call)
    elif hubs:
        hubs.get_hub().schedule_call_global(0, call)


def interrupt(connection, sequence, main):
    """Another thread than that of the connection: the request that has the number is late. `main`: the main thread."""
    connection.entering = True
    try:
        connection.late = sequence
        if not connection.exposed or connection.sequence != sequence:
            return
        if connection.thread == main and LATE is not None:
            signal.pthread_kill(main, LATE)
        else:
            connection.pending = raise_in(connection.thread, TimeLimitExceeded)
    finally:
        connection.entering = False


def absorb(connection):
    """The thread of the connection has left the app's code, and was, or is, about to be interrupted: that is over afterwards."""
    try:
        while connection.entering:
            native_sleep(0.001)
        if connection.pending:
            raise_in(native_ident(), None)
    except TimeLimitExceeded:
        pass
    connection.pending = False


def raise_in(thread, kind):
    """Whether it could be done: Python's own implementation has that."""
    try:
        import ctypes
        raise_async = ctypes.pythonapi.PyThreadState_SetAsyncExc
        return raise_async(ctypes.c_ulong(thread), ctypes.py_object(kind) if kind else None) == 1
    except (ImportError, AttributeError):
        return False
