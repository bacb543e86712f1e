import asyncio
import hashlib

from quart import Quart, Response, redirect, request, session, url_for, websocket

app = Quart(__name__)
app.secret_key = 'a secret of the tests'


def text(body):
    return Response(body, mimetype='text/plain', headers={'X-Accel-Buffering': 'no'})


@app.get('/')
async def front():
    return 'Hello from Quart <a href="%s">ann</a>' % url_for('hello', who='ann')


@app.get('/hello/<who>')
async def hello(who):
    return text('%s|%s' % (who, request.args.get('q')))


@app.post('/form')
async def form():
    return text('%(name)s|%(note)s' % await request.form)


@app.post('/upload')
async def upload():
    file = (await request.files)['file']
    data = file.read()
    note = (await request.form)['note']
    return text('|'.join([note, file.filename, str(len(data)), hashlib.sha256(data).hexdigest()]))


@app.get('/visits')
async def visits():
    session['visits'] = session.get('visits', 0) + 1
    return text(str(session['visits']))


@app.get('/go')
async def go():
    return redirect(url_for('hello', who='ann'))


@app.get('/stream')
async def stream():
    async def pieces():
        for number in range(3):
            if number:
                await asyncio.sleep(0.5)
            yield b'%d\n' % number

    return text(pieces())


@app.get('/broken')
async def broken():
    raise ValueError('broken on purpose: ' + request.args['q'])


@app.websocket('/ws')
async def echo():
    while True:
        await websocket.send(await websocket.receive())
