import hashlib
import time

from cachelib import FileSystemCache
from flask import Flask, Response, redirect, request, session, url_for
from flask_session import Session
from webob.dec import wsgify

app = Flask(__name__)
app.config.update(SESSION_TYPE='cachelib', SESSION_CACHELIB=FileSystemCache('sessions'))
Session(app)


@wsgify.middleware
def marked(request, app):
    response = request.get_response(app)
    response.headers['X-WebOb'] = request.path
    return response


def text(body):
    return Response(body, mimetype='text/plain', headers={'X-Accel-Buffering': 'no'})


@app.get('/')
def front():
    return 'Hello from the middle <a href="%s">ann</a>' % url_for('hello', who='ann')


@app.get('/hello/<who>')
def hello(who):
    return text('%s|%s' % (who, request.args.get('q')))


@app.post('/form')
def form():
    return text('%(name)s|%(note)s' % request.form)


@app.post('/upload')
def upload():
    file = request.files['file']
    data = file.read()
    return text('|'.join([request.form['note'], file.filename, str(len(data)), hashlib.sha256(data).hexdigest()]))


@app.get('/visits')
def visits():
    session['visits'] = session.get('visits', 0) + 1
    return text(str(session['visits']))


@app.get('/beaker')
def beaker():
    own = request.environ['beaker.session']
    own['visits'] = own.get('visits', 0) + 1
    return text(str(own['visits']))


@app.get('/go')
def go():
    return redirect(url_for('hello', who='ann'))


@app.get('/stream')
def stream():
    def pieces():
        for number in range(3):
            if number:
                time.sleep(0.5)
            yield b'%d\n' % number

    return text(pieces())


@app.get('/broken')
def broken():
    raise ValueError('broken on purpose: ' + request.args['q'])
