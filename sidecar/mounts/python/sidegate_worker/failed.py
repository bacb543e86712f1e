"""Why an app cannot be served."""


class Failed(Exception):
    """The app cannot be started: a stable code and one clear line; `detail` is the traceback, if that helps."""

    def __init__(self, code, message, detail=None):
        Exception.__init__(self, message)
        self.code = code
        self.detail = detail
