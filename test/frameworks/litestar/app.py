import asyncio
import hashlib
from typing import Annotated, Any

from litestar import Litestar, MediaType, Request, WebSocket, get, post, route, websocket
from litestar.enums import RequestEncodingType
from litestar.middleware.session.server_side import ServerSideSessionConfig
from litestar.logging import LoggingConfig
from litestar.params import Body
from litestar.response import Redirect, Stream

Text = MediaType.TEXT
FormBody = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
UploadBody = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]


@route('/', http_method=['GET', 'HEAD'], media_type=MediaType.HTML)
async def front(request: Request) -> str:
    return 'Hello from Litestar <a href="%s">ann</a>' % request.url_for('hello', who='ann')


@get('/hello/{who:str}', name='hello', media_type=Text)
async def hello(who: str, q: str | None = None) -> str:
    return '%s|%s' % (who, q)


@post('/form', media_type=Text)
async def form(data: FormBody) -> str:
    return '%(name)s|%(note)s' % data


@post('/upload', media_type=Text)
async def upload(data: UploadBody) -> str:
    file = data['file']
    content = await file.read()
    return '|'.join([data['note'], file.filename, str(len(content)), hashlib.sha256(content).hexdigest()])


@get('/visits', media_type=Text)
async def visits(request: Request) -> str:
    count = request.session.get('visits', 0) + 1
    request.set_session({'visits': count})
    return str(count)


@get('/go')
async def go(request: Request) -> Redirect:
    return Redirect(request.url_for('hello', who='ann'))


@get('/stream', media_type=Text)
async def stream() -> Stream:
    async def pieces():
        for number in range(3):
            if number:
                await asyncio.sleep(0.5)
            yield b'%d\n' % number

    return Stream(pieces(), headers={'X-Accel-Buffering': 'no'})


@get('/broken')
async def broken(q: str) -> None:
    raise ValueError('broken on purpose: ' + q)


@websocket('/ws')
async def echo(socket: WebSocket) -> None:
    await socket.accept()
    while True:
        message = await socket.receive()
        if message['type'] == 'websocket.disconnect':
            return
        if message.get('text') is not None:
            await socket.send_text(message['text'])
        else:
            await socket.send_bytes(message['bytes'])


app = Litestar(
    [front, hello, form, upload, visits, go, stream, broken, echo],
    middleware=[ServerSideSessionConfig().middleware],
    logging_config=LoggingConfig(log_exceptions='always'),
)
