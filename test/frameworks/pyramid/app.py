import hashlib
import time

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPFound
from pyramid.response import Response
from pyramid.session import SignedCookieSessionFactory


def text(body):
    return Response(body, content_type='text/plain', charset='utf-8')


def front(request):
    return Response('Hello from Pyramid <a href="%s">ann</a>' % request.route_path('hello', who='ann'))


def hello(request):
    return text('%s|%s' % (request.matchdict['who'], request.GET.get('q')))


def form(request):
    return text('%s|%s' % (request.POST['name'], request.POST['note']))


def upload(request):
    file = request.POST['file']
    data = file.file.read()
    return text('|'.join([request.POST['note'], file.filename, str(len(data)), hashlib.sha256(data).hexdigest()]))


def visits(request):
    request.session['visits'] = request.session.get('visits', 0) + 1
    return text(str(request.session['visits']))


def go(request):
    return HTTPFound(request.route_url('hello', who='ann'))


def stream(request):
    def pieces():
        for number in range(3):
            if number:
                time.sleep(0.5)
            yield b'%d\n' % number

    response = Response(content_type='text/plain', app_iter=pieces())
    response.headers['X-Accel-Buffering'] = 'no'
    return response


def broken(request):
    raise ValueError('broken on purpose: ' + request.GET['q'])


with Configurator(session_factory=SignedCookieSessionFactory('a secret of the tests')) as config:
    for name, view, pattern, method in [
        ('front', front, '/', 'GET'),
        ('hello', hello, '/hello/{who}', 'GET'),
        ('form', form, '/form', 'POST'),
        ('upload', upload, '/upload', 'POST'),
        ('visits', visits, '/visits', 'GET'),
        ('go', go, '/go', 'GET'),
        ('stream', stream, '/stream', 'GET'),
        ('broken', broken, '/broken', 'GET'),
    ]:
        config.add_route(name, pattern)
        config.add_view(view, route_name=name, request_method=method)
    app = config.make_wsgi_app()
