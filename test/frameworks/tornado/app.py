"""Tornado's own server: python app.py SOCKET [PREFIX]"""
import asyncio
import hashlib
import sys

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_unix_socket
from tornado.web import Application, RequestHandler, URLSpec


class Page(RequestHandler):
    def text(self, body):
        self.set_header('Content-Type', 'text/plain; charset=utf-8')
        self.finish(body)


class Front(Page):
    def get(self):
        self.finish('Hello from Tornado <a href="%s">ann</a>' % self.reverse_url('hello', 'ann'))

    # Tornado makes no HEAD out of a GET.
    head = get


class Hello(Page):
    def get(self, who):
        self.text('%s|%s' % (who, self.get_argument('q', None)))


class Form(Page):
    def post(self):
        self.text('%s|%s' % (self.get_argument('name'), self.get_argument('note')))


class Upload(Page):
    def post(self):
        file = self.request.files['file'][0]
        digest = hashlib.sha256(file.body).hexdigest()
        self.text('|'.join([self.get_argument('note'), file.filename, str(len(file.body)), digest]))


class Visits(Page):
    def get(self):
        count = str(int(self.get_secure_cookie('visits') or 0) + 1)
        self.set_secure_cookie('visits', count)
        self.text(count)


class Go(Page):
    def get(self):
        self.redirect(self.reverse_url('hello', 'ann'))


class Stream(Page):
    async def get(self):
        self.set_header('X-Accel-Buffering', 'no')
        for number in range(3):
            if number:
                await asyncio.sleep(0.5)
            self.write('%d\n' % number)
            await self.flush()


class Broken(Page):
    def get(self):
        raise ValueError('broken on purpose: ' + self.get_argument('q'))


async def main(socket, prefix=''):
    routes = [
        URLSpec(prefix + '/?' if prefix else '/', Front),
        URLSpec(prefix + '/hello/([^/]+)', Hello, name='hello'),
        URLSpec(prefix + '/form', Form),
        URLSpec(prefix + '/upload', Upload),
        URLSpec(prefix + '/visits', Visits),
        URLSpec(prefix + '/go', Go),
        URLSpec(prefix + '/stream', Stream),
        URLSpec(prefix + '/broken', Broken),
    ]
    app = Application(routes, cookie_secret='a secret of the tests')
    HTTPServer(app, xheaders=True).add_socket(bind_unix_socket(socket))
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
