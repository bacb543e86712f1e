"""What the threads of a worker are doing at a moment.

Python tells, when it is asked by the control channel; while a thread keeps the interpreter to itself (in C, in a regular expression) nobody
hears that. Then the gateway sends a signal, at which faulthandler writes, without the interpreter, into a file in memory that the gateway
opens (/proc).
"""
import faulthandler
import os
import signal
import sys
import threading
import traceback

from .native import native_ident
from .request import Request
from .traces import OWN

# As limits.LATE.
DUMP = signal.SIGRTMIN + 9 if hasattr(signal, 'SIGRTMIN') else None
# The last of it is what counts.
STACK_MAX = 64 * 1024


def open_dump():
    """Its descriptor, inode and signal, for the gateway; None where the system has no such thing."""
    if DUMP is None or not hasattr(os, 'memfd_create') or not hasattr(faulthandler, 'register'):
        return None
    import fcntl
    try:
        file = os.memfd_create('sidegate-stacks')
    except OSError:
        return None
    fcntl.fcntl(file, fcntl.F_SETFL, os.O_APPEND)
    faulthandler.register(DUMP, file=file, all_threads=True)
    return [file, os.fstat(file).st_ino, int(DUMP)]


def stacks(connections):
    """The stack of every thread but this one, the innermost frame last, as Python's tracebacks are; with the request that it runs."""
    serving = {connection.thread: connection for connection in connections}
    # Without threading.enumerate(), whose lock an app may have replaced by one of its own (gevent).
    names = {ident: thread.name for ident, thread in list(getattr(threading, '_active', {}).items())}
    own = native_ident()
    return '\n'.join(
        describe(names.get(ident, 'thread %d' % ident), serving.get(ident), frame)
        for ident, frame in sys._current_frames().items() if ident != own)


def running_in(frame):
    """The environ of the request that a thread runs, or None."""
    while frame is not None:
        if frame.f_code is Request.run.__code__:
            return frame.f_locals['self'].environ
        frame = frame.f_back
    return None


def describe(name, connection, frame):
    request = connection and running_in(frame)
    if request:
        name += ', which runs %s %s' % (
            request.get('REQUEST_METHOD', ''), request.get('REQUEST_URI') or request.get('PATH_INFO', ''))
    elif connection:
        return name + ':\n  waits for a request'
    entries = traceback.extract_stack(frame)
    own = [number for number, entry in enumerate(entries) if entry.filename.startswith(OWN)]
    # What is around this package's first frame has started the thread.
    entries = [entry for number, entry in enumerate(entries) if not own or number > own[0] and number not in own]
    text = ''.join(traceback.format_list(entries)).rstrip('\n')[-STACK_MAX:]
    return '%s:\n%s' % (name, text or '  is not in code of the app')
