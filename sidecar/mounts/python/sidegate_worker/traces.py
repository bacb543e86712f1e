"""What an app's developer is shown of an exception."""
import importlib
import os
import traceback

OWN = os.path.dirname(__file__) + os.sep
IMPORTING = ('<frozen importlib._bootstrap>', '<frozen importlib._bootstrap_external>', importlib.__file__)


def is_own(trace):
    """True for a frame of this package, which tells nothing of what the app did."""
    return trace.tb_frame.f_code.co_filename.startswith(OWN)


def describe(error):
    """Its type and message, in one line."""
    return traceback.format_exception_only(type(error), error)[-1].strip()


def trace_of(error):
    """The traceback from the app's own first frame on."""
    trace = error.__traceback__
    while trace is not None and (is_own(trace) or trace.tb_frame.f_code.co_filename in IMPORTING):
        trace = trace.tb_next
    return ''.join(traceback.format_exception(type(error), error, trace))
