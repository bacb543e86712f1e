"""WebSockets, for tests: the path says what is done."""
import asyncio
import json


async def echo(scope, receive, send):
    await receive()
    await send({'type': 'websocket.accept', 'subprotocol': (scope['subprotocols'] or [None])[0], 'headers': [(b'X-Own', b'v')]})
    while True:
        message = await receive()
        if message['type'] == 'websocket.disconnect':
            print('disconnect %s %s' % (message['code'], message['reason']))
            return
        await send(dict(message, type='websocket.send'))


async def show_scope(scope, receive, send):
    await receive()
    await send({'type': 'websocket.accept'})
    found = {key: scope[key] for key in ('type', 'scheme', 'path', 'root_path', 'http_version', 'subprotocols')}
    await send({'type': 'websocket.send', 'text': json.dumps(dict(found, method='method' in scope))})


async def close(scope, receive, send):
    await receive()
    await send({'type': 'websocket.accept'})
    await send({'type': 'websocket.close', 'code': 4001, 'reason': 'enough'})
    message = await receive()
    print('closed %s' % message['code'])


async def refuse(scope, receive, send):
    await receive()
    await send({'type': 'websocket.close'})


async def deny(scope, receive, send):
    await receive()
    await send({'type': 'websocket.http.response.start', 'status': 401, 'headers': [(b'x-why', b'no')]})
    await send({'type': 'websocket.http.response.body', 'body': b'not ', 'more_body': True})
    await send({'type': 'websocket.http.response.body', 'body': b'you'})


async def raises(scope, receive, send):
    await receive()
    raise ValueError('before the answer')


async def raises_open(scope, receive, send):
    await receive()
    await send({'type': 'websocket.accept'})
    raise ValueError('while it is open')


async def nothing(scope, receive, send):
    await receive()


async def send_first(scope, receive, send):
    await receive()
    await send({'type': 'websocket.send', 'text': 'too early'})


async def bad_code(scope, receive, send):
    await receive()
    await send({'type': 'websocket.accept'})
    await send({'type': 'websocket.close', 'code': 1006})


async def other_protocol(scope, receive, send):
    await receive()
    await send({'type': 'websocket.accept', 'subprotocol': 'other'})


async def deaf(scope, receive, send):
    """Reads nothing until it is asked by a request."""
    await receive()
    await send({'type': 'websocket.accept'})
    await released.wait()
    count = 0
    while count < int(scope['query_string']):
        message = await receive()
        count += len(message['bytes'])
    await send({'type': 'websocket.send', 'text': str(count)})


async def flood(scope, receive, send):
    global flooded
    await receive()
    await send({'type': 'websocket.accept'})
    try:
        while True:
            await send({'type': 'websocket.send', 'bytes': b'x' * 65536})
            flooded += 65536
    except OSError as error:
        print('flood ended by %s' % type(error).__name__)


flooded = 0
released = asyncio.Event()


async def app(scope, receive, send):
    if scope['type'] == 'websocket':
        return await globals()[scope['path'][len(scope['root_path']):][1:]](scope, receive, send)
    assert scope['type'] == 'http'
    if scope['path'].endswith('/release'):
        released.set()
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': str(flooded).encode()})
