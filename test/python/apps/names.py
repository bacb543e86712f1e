"""No default callable, a factory, and things that are no apps."""
number = 5


def create_app():
    return handler


def handler(environ, start_response):
    start_response('200 OK', [])
    return [b'made by a factory']


def create_nothing():
    return None


def create_error():
    raise LookupError('no such setting')


async def asgi(scope, receive, send):
    pass


class Inner:
    handler = staticmethod(handler)
