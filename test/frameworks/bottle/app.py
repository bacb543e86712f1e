import hashlib
import time

from bottle import Bottle, redirect, request, response

app = Bottle()
SECRET = 'a secret of the tests'


def text(body):
    response.content_type = 'text/plain; charset=utf-8'
    return body


@app.get('/')
def front():
    return 'Hello from Bottle <a href="%s">ann</a>' % app.get_url('hello', who='ann')


@app.get('/hello/<who>', name='hello')
def hello(who):
    return text('%s|%s' % (who, request.query.q))


@app.post('/form')
def form():
    return text('%s|%s' % (request.forms.name, request.forms.note))


@app.post('/upload')
def upload():
    file = request.files.get('file')
    data = file.file.read()
    return text('|'.join([request.POST['note'], file.raw_filename, str(len(data)), hashlib.sha256(data).hexdigest()]))


@app.get('/visits')
def visits():
    count = request.get_cookie('visits', 0, secret=SECRET) + 1
    response.set_cookie('visits', count, secret=SECRET, path='/')
    return text(str(count))


@app.get('/go')
def go():
    redirect(app.get_url('hello', who='ann'))


@app.get('/stream')
def stream():
    response.set_header('X-Accel-Buffering', 'no')
    for number in range(3):
        if number:
            time.sleep(0.5)
        yield b'%d\n' % number


@app.get('/broken')
def broken():
    raise ValueError('broken on purpose: ' + request.query.q)
