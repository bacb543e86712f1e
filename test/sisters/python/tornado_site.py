"""Tornado's own server: python tornado_site.py unix:PATH, or PORT."""
import asyncio
import sys
from urllib.parse import unquote

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_unix_socket
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler


class Page(RequestHandler):
    # Sidegate says the prefix in X-Forwarded-Prefix; Tornado has no place for it.
    def prepare(self):
        self.prefix = self.request.headers.get('X-Forwarded-Prefix', '')
        self.set_header('Content-Type', 'text/plain; charset=utf-8')


class Where(Page):
    def get(self):
        self.finish('|'.join([self.prefix, unquote(self.request.path), self.request.query]))

    # Tornado makes no HEAD out of a GET.
    head = get


class Echo(Page):
    def post(self):
        self.finish(self.request.body)


class Go(Page):
    def get(self):
        self.redirect(self.prefix + '/where/there')


class Cookies(Page):
    def get(self):
        for name in 'ab':
            self.set_cookie(name, '1', path='/')


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
        raise ValueError('broken on purpose: ' + self.request.query)


class Socket(WebSocketHandler):
    def on_message(self, message):
        self.write_message(message, binary=isinstance(message, bytes))


async def main(address):
    server = HTTPServer(
        Application(
            [
                ('/where/.*', Where),
                ('/echo', Echo),
                ('/go', Go),
                ('/cookies', Cookies),
                ('/stream', Stream),
                ('/broken', Broken),
                ('/socket', Socket),
            ]
        ),
        xheaders=True,
    )
    if address.startswith('unix:'):
        server.add_socket(bind_unix_socket(address[5:]))
    else:
        server.listen(int(address), '127.0.0.1')
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1]))
