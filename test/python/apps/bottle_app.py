import bottle

app = bottle.Bottle()


@app.get('/')
def hello():
    return 'Hello from Bottle\n'


@app.get('/path/<rest:path>')
def path(rest):
    return {'rest': rest, 'url': bottle.request.url, 'root': bottle.request.script_name}


@app.post('/form')
def form():
    return {'form': dict(bottle.request.forms), 'files': {k: len(f.file.read()) for k, f in bottle.request.files.items()}}


@app.post('/size')
def size():
    return str(len(bottle.request.body.read()))


@app.get('/stream')
def stream():
    for number in range(5):
        yield b'%d\n' % number
