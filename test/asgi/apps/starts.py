"""Apps that start and end in all ways."""
import asyncio
import functools


async def no_lifespan(scope, receive, send):
    assert scope['type'] == 'http', 'no lifespan here'
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': b'state' if 'state' in scope else b'no state'})


async def returns(scope, receive, send):
    if scope['type'] == 'http':
        await no_lifespan(scope, receive, send)


async def says_failed(scope, receive, send):
    await send({'type': 'lifespan.startup.failed', 'message': 'no database'})
    raise OSError('connection refused')


async def never(scope, receive, send):
    await asyncio.sleep(600)


async def end_failed(scope, receive, send):
    if scope['type'] == 'http':
        return await no_lifespan(scope, receive, send)
    await receive()
    await send({'type': 'lifespan.startup.complete'})
    await receive()
    await send({'type': 'lifespan.shutdown.failed', 'message': 'could not flush'})


async def breaks_while_serving(scope, receive, send):
    if scope['type'] == 'http':
        return await no_lifespan(scope, receive, send)
    await receive()
    await send({'type': 'lifespan.startup.complete'})
    await asyncio.sleep(0)
    raise RuntimeError('the pool broke')


class Twice:
    """ASGI 2."""

    def __init__(self, scope):
        self.scope = scope

    async def __call__(self, receive, send):
        await no_lifespan(self.scope, receive, send)


class Instance:
    async def __call__(self, scope, receive, send):
        await no_lifespan(scope, receive, send)


instance = Instance()
partial = functools.partial(no_lifespan)


def plain(scope, receive, send):
    return no_lifespan(scope, receive, send)


def factory(name='plain'):
    asyncio.get_running_loop()
    return globals()[name]


def wsgi(environ, start_response):
    return []


def shout(app, suffix=b'!'):
    async def wrapped(scope, receive, send):
        async def louder(message):
            if message['type'] == 'http.response.body':
                message = dict(message, body=message['body'].upper() + suffix)
            await send(message)
        await app(scope, receive, louder)
    return wrapped
