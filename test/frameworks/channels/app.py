import asyncio
import hashlib

import django
from django.conf import settings

settings.configure(
    DEBUG=False,
    SECRET_KEY='a secret of the tests',
    ALLOWED_HOSTS=['*'],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=['django.middleware.common.CommonMiddleware', 'django.contrib.sessions.middleware.SessionMiddleware'],
    SESSION_ENGINE='django.contrib.sessions.backends.signed_cookies',
    LOGGING={
        'version': 1,
        'disable_existing_loggers': False,
        'handlers': {'errors': {'class': 'logging.StreamHandler'}},
        'root': {'handlers': ['errors']},
    },
)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.http import HttpResponse, StreamingHttpResponse  # noqa: E402
from django.shortcuts import redirect  # noqa: E402
from django.urls import path, reverse  # noqa: E402


def text(body):
    return HttpResponse(body, content_type='text/plain; charset=utf-8')


def front(request):
    return HttpResponse('Hello from Channels <a href="%s">ann</a>' % reverse('hello', args=['ann']))


def hello(request, who):
    return text('%s|%s' % (who, request.GET.get('q')))


def form(request):
    return text('%s|%s' % (request.POST['name'], request.POST['note']))


def upload(request):
    file = request.FILES['file']
    data = file.read()
    return text('|'.join([request.POST['note'], file.name, str(len(data)), hashlib.sha256(data).hexdigest()]))


def visits(request):
    request.session['visits'] = request.session.get('visits', 0) + 1
    return text(str(request.session['visits']))


def go(request):
    return redirect('hello', who='ann')


def stream(request):
    async def pieces():
        for number in range(3):
            if number:
                await asyncio.sleep(0.5)
            yield b'%d\n' % number

    return StreamingHttpResponse(pieces(), content_type='text/plain', headers={'X-Accel-Buffering': 'no'})


def broken(request):
    raise ValueError('broken on purpose: ' + request.GET['q'])


urlpatterns = [
    path('', front),
    path('hello/<who>', hello, name='hello'),
    path('form', form),
    path('upload', upload),
    path('visits', visits),
    path('go', go),
    path('stream', stream),
    path('broken', broken),
]


class Echo(AsyncWebsocketConsumer):
    async def receive(self, text_data=None, bytes_data=None):
        await self.send(text_data, bytes_data)


app = ProtocolTypeRouter({'http': get_asgi_application(), 'websocket': URLRouter([path('ws', Echo.as_asgi())])})
