import asyncio
import hashlib

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute


async def front(request):
    return HTMLResponse('Hello from Starlette <a href="%s">ann</a>' % request.url_for('hello', who='ann'))


async def hello(request):
    return PlainTextResponse('%s|%s' % (request.path_params['who'], request.query_params.get('q')))


async def form(request):
    given = await request.form()
    return PlainTextResponse('%s|%s' % (given['name'], given['note']))


async def upload(request):
    async with request.form() as given:
        file = given['file']
        data = await file.read()
        parts = [given['note'], file.filename, str(len(data)), hashlib.sha256(data).hexdigest()]
        return PlainTextResponse('|'.join(parts))


async def visits(request):
    request.session['visits'] = request.session.get('visits', 0) + 1
    return PlainTextResponse(str(request.session['visits']))


async def go(request):
    return RedirectResponse(request.url_for('hello', who='ann'))


async def stream(request):
    async def pieces():
        for number in range(3):
            if number:
                await asyncio.sleep(0.5)
            yield b'%d\n' % number

    return StreamingResponse(pieces(), media_type='text/plain', headers={'X-Accel-Buffering': 'no'})


async def broken(request):
    raise ValueError('broken on purpose: ' + request.query_params['q'])


async def echo(websocket):
    await websocket.accept()
    while True:
        message = await websocket.receive()
        if message['type'] == 'websocket.disconnect':
            return
        if message.get('text') is not None:
            await websocket.send_text(message['text'])
        else:
            await websocket.send_bytes(message['bytes'])


app = Starlette(
    routes=[
        Route('/', front),
        Route('/hello/{who}', hello, name='hello'),
        Route('/form', form, methods=['POST']),
        Route('/upload', upload, methods=['POST']),
        Route('/visits', visits),
        Route('/go', go),
        Route('/stream', stream),
        Route('/broken', broken),
        WebSocketRoute('/ws', echo),
    ],
    middleware=[Middleware(SessionMiddleware, secret_key='a secret of the tests')],
)
