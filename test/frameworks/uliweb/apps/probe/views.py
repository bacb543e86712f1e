# coding=utf-8
import hashlib
import time

from uliweb import Response, expose, redirect, request


def text(body):
    return Response(body, content_type='text/plain; charset=utf-8')


@expose('/')
def index():
    return 'Hello from Uliweb <a href="%s/hello/ann">ann</a>' % request.script_root


@expose('/hello/<who>')
def hello(who):
    return text('%s|%s' % (who, request.GET.get('q')))


@expose('/form')
def form():
    return text('%s|%s' % (request.POST['name'], request.POST['note']))


@expose('/upload')
def upload():
    file = request.files['file']
    data = file.read()
    parts = [request.POST['note'], file.filename, str(len(data)), hashlib.sha256(data).hexdigest()]
    return text('|'.join(parts))


@expose('/visits')
def visits():
    request.session['visits'] = count = request.session.get('visits', 0) + 1
    return text(str(count))


@expose('/go')
def go():
    return redirect(request.script_root + '/hello/ann')


@expose('/stream')
def stream():
    def pieces():
        for number in range(3):
            if number:
                time.sleep(0.5)
            yield '%d\n' % number

    return Response(pieces(), content_type='text/plain', headers={'X-Accel-Buffering': 'no'})


@expose('/broken')
def broken():
    raise ValueError('broken on purpose: ' + request.GET['q'])
