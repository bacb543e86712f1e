import asyncio
import hashlib
from typing import Annotated

from fastapi import FastAPI, Form, Request, UploadFile, WebSocket
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, StreamingResponse
from starlette.middleware.sessions import SessionMiddleware

app = FastAPI(default_response_class=PlainTextResponse)
app.add_middleware(SessionMiddleware, secret_key='a secret of the tests')


@app.api_route('/', methods=['GET', 'HEAD'], response_class=HTMLResponse)
def front(request: Request):
    return 'Hello from FastAPI <a href="%s">ann</a>' % request.url_for('hello', who='ann')


@app.get('/hello/{who}')
def hello(who: str, q: str | None = None):
    return '%s|%s' % (who, q)


@app.post('/form')
def form(name: Annotated[str, Form()], note: Annotated[str, Form()]):
    return '%s|%s' % (name, note)


@app.post('/upload')
async def upload(note: Annotated[str, Form()], file: UploadFile):
    data = await file.read()
    return '|'.join([note, file.filename, str(len(data)), hashlib.sha256(data).hexdigest()])


@app.get('/visits')
def visits(request: Request):
    request.session['visits'] = request.session.get('visits', 0) + 1
    return str(request.session['visits'])


@app.get('/go')
def go(request: Request):
    return RedirectResponse(request.url_for('hello', who='ann'))


@app.get('/stream')
def stream():
    async def pieces():
        for number in range(3):
            if number:
                await asyncio.sleep(0.5)
            yield b'%d\n' % number

    return StreamingResponse(pieces(), media_type='text/plain', headers={'X-Accel-Buffering': 'no'})


@app.get('/broken')
def broken(q: str):
    raise ValueError('broken on purpose: ' + q)


@app.websocket('/ws')
async def echo(websocket: WebSocket):
    await websocket.accept()
    while True:
        message = await websocket.receive()
        if message['type'] == 'websocket.disconnect':
            return
        if message.get('text') is not None:
            await websocket.send_text(message['text'])
        else:
            await websocket.send_bytes(message['bytes'])
