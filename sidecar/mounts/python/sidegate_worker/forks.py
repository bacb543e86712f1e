"""What is left of a worker in a process that the app has forked: nothing."""
import os
import sys
import traceback


class Parted:
    """In place of the socket in a process that the app has forked: the request is its parent's. A child that comes back from the app,
    and would answer it a second time, ends."""

    def sendall(self, data):
        end_child(None)

    def recv(self, size, flags=0):
        raise OSError('the request belongs to the process that has forked this one')


def end_child(info):
    """Ends a process that the app has forked. `info`: the exception that it came back with, or None."""
    error = info and info[1]
    code = 1 if error else 0
    if isinstance(error, SystemExit) and (error.code is None or isinstance(error.code, int)):
        code = error.code or 0
    elif error:
        traceback.print_exception(*info, file=sys.__stderr__)
    for stream in (sys.__stdout__, sys.__stderr__):
        try:
            stream.flush()
        except Exception:
            pass
    os._exit(code & 0xff)
