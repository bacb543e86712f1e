"""The same as an ASGI app, with a WebSocket that says everything again."""
import asyncio


async def body(receive):
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get('body', b''))
        more = message.get('more_body', False)
    return b''.join(parts)


async def socket(receive, send):
    await receive()
    await send({'type': 'websocket.accept'})
    while (message := await receive())['type'] == 'websocket.receive':
        await send({'type': 'websocket.send', 'text': message.get('text'), 'bytes': message.get('bytes')})


async def app(scope, receive, send):
    async def start(status, *headers):
        await send({'type': 'http.response.start', 'status': status, 'headers': list(headers)})

    async def text(content, status=200, *headers):
        await start(status, (b'content-type', b'text/plain; charset=utf-8'), *headers)
        await send({'type': 'http.response.body', 'body': content})

    prefix = scope.get('root_path', '')
    path = scope['path']
    path = path[len(prefix):] if prefix and path.startswith(prefix + '/') else path
    if scope['type'] == 'websocket':
        await socket(receive, send)
    elif path.startswith('/where/'):
        await text('|'.join([prefix, path, scope['query_string'].decode()]).encode())
    elif path == '/echo':
        await text(await body(receive))
    elif path == '/go':
        await text(b'', 302, (b'location', (prefix + '/where/there').encode()))
    elif path == '/cookies':
        await text(b'', 200, (b'set-cookie', b'a=1; Path=/'), (b'set-cookie', b'b=1; Path=/'))
    elif path == '/stream':
        await start(200, (b'content-type', b'text/plain'), (b'x-accel-buffering', b'no'))
        for number in range(3):
            await asyncio.sleep(0.5 if number else 0)
            await send({'type': 'http.response.body', 'body': b'%d\n' % number, 'more_body': number < 2})
    elif path == '/broken':
        raise ValueError('broken on purpose: ' + scope['query_string'].decode())
    else:
        await text(b'nothing is here', 404)
