"""Why an app cannot be served."""
from contextlib import contextmanager


class Failed(Exception):
    """The app cannot be started: a stable code and one clear line; `detail` is the traceback, if that helps."""

    def __init__(self, code, message, detail=None):
        Exception.__init__(self, message)
        self.code = code
        self.detail = detail


@contextmanager
def of_wrap():
    """What fails here is about a `wrap`, and not about the app."""
    try:
        yield
    except Failed as error:
        raise Failed('PYTHON_WRAP', str(error), error.detail) from None
