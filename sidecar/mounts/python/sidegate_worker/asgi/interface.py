"""Which interface a callable has."""
import inspect

from ..failed import Failed


def takes(app, count):
    """Whether it can be called with so many arguments; None: Python does not know."""
    try:
        inspect.signature(app).bind(*range(count))
        return True
    except TypeError:
        return False
    except ValueError:
        return None


def single(app, name):
    """The app as one callable of ASGI 3. One of ASGI 2, which is called twice, is called so.

    :raises Failed: for what is neither.
    """
    three = takes(app, 3)
    if three or three is None:
        return app
    if takes(app, 1):
        async def called_twice(scope, receive, send):
            await app(scope)(receive, send)
        return called_twice
    if takes(app, 2):
        raise Failed('PYTHON_NOT_ASGI', '%s takes two arguments, as a WSGI app does: an ASGI app is needed. Mount a WSGI app as python:%s' % (name, name))
    hint = '; is it a factory? then write %s()' % name if takes(app, 0) else ''
    raise Failed('PYTHON_NOT_ASGI', '%s cannot be called with scope, receive and send: it is no ASGI app%s' % (name, hint))
