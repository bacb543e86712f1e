"""The threads that answer requests."""
import _thread
import os
import threading

from .native import native_ident, native_lock, start_native_thread
from .request import Request


def give_way():
    """Linux: this thread does not take the processor from the gateway the moment it is given a request, but gets it in turn. On a
    busy machine the gateway then reads and writes several requests at a time. What the app starts is scheduled as ever."""
    try:
        os.sched_setscheduler(0, os.SCHED_BATCH | os.SCHED_RESET_ON_FORK, os.sched_param(0))
    except (AttributeError, OSError):
        pass  # another system, or one that forbids it


def calm_gateway(pid):
    """Linux: the gateway does not take the processor from a worker with each thing that one sends it, and handles several at a time: an answer
    of two parts had it wake up twice. One that was given a policy keeps it, and so does what it starts."""
    try:
        if os.getppid() == pid and os.sched_getscheduler(pid) == os.SCHED_OTHER:
            os.sched_setscheduler(pid, os.SCHED_BATCH | os.SCHED_RESET_ON_FORK, os.sched_param(0))
    except (AttributeError, OSError):
        pass  # another system, or one that forbids it


def serve(connection, app):
    """One request after the other, until the gateway ends the connection."""
    give_way()
    try:
        while True:
            Request(connection, connection.accept()).run(app)
    except (EOFError, ConnectionError):
        pass


def serve_beside(connection, app, pipes):
    """In a thread of its own, once it is known where requests come; a lock that can be taken when it has ended."""
    end = native_lock()
    end.acquire()

    def run():
        try:
            connection.thread = native_ident()
            pipes.wait()
            serve(connection, app)
        finally:
            end.release()

    if _thread.start_new_thread is start_native_thread:
        threading.Thread(target=run, daemon=True, name='sidegate-%d' % connection.index).start()
    else:
        # gevent and eventlet would make it one of theirs, which waits for all others.
        start_native_thread(run, ())
    return end
