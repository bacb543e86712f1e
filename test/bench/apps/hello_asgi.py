BODY = b'Hello World\n'
HEADERS = [(b'content-type', b'text/plain'), (b'content-length', b'12')]


async def app(scope, receive, send):
    if scope['type'] != 'http':
        raise ValueError('no %s' % scope['type'])
    await send({'type': 'http.response.start', 'status': 200, 'headers': HEADERS})
    await send({'type': 'http.response.body', 'body': BODY})
