import hashlib
import time

import bobo
from webob import Response


def text(body):
    return Response(text=body, content_type='text/plain', charset='utf-8')


@bobo.query('/')
def front(bobo_request):
    return 'Hello from bobo <a href="%s/hello/ann">ann</a>' % bobo_request.application_url


@bobo.query('/hello/:who')
def hello(bobo_request, who):
    return text('%s|%s' % (who, bobo_request.GET.get('q')))


@bobo.post('/form')
def form(name, note):
    return text('%s|%s' % (name, note))


@bobo.post('/upload')
def upload(note, file):
    data = file.file.read()
    return text('|'.join([note, file.filename, str(len(data)), hashlib.sha256(data).hexdigest()]))


@bobo.query('/visits')
def visits(bobo_request):
    count = str(int(bobo_request.cookies.get('visits', 0)) + 1)
    response = text(count)
    response.set_cookie('visits', count)
    return response


@bobo.query('/go')
def go(bobo_request):
    return bobo.redirect(bobo_request.application_url + '/hello/ann')


@bobo.query('/stream')
def stream():
    def pieces():
        for number in range(3):
            if number:
                time.sleep(0.5)
            yield b'%d\n' % number

    response = Response(content_type='text/plain', app_iter=pieces())
    response.headers['X-Accel-Buffering'] = 'no'
    return response


@bobo.query('/broken')
def broken(q):
    raise ValueError('broken on purpose: ' + q)


app = bobo.Application(bobo_resources=__name__)
