import hashlib
import tempfile
import time

import web

web.config.debug = False
urls = (
    '/', 'Front',
    '/hello/(.+)', 'Hello',
    '/form', 'Form',
    '/upload', 'Upload',
    '/visits', 'Visits',
    '/go', 'Go',
    '/stream', 'Stream',
    '/broken', 'Broken',
)
application = web.application(urls, globals())
session = web.session.Session(application, web.session.DiskStore(tempfile.mkdtemp()), {'visits': 0})


def text(body):
    web.header('Content-Type', 'text/plain; charset=utf-8')
    return body


class Front:
    def GET(self):
        web.header('Content-Type', 'text/html; charset=utf-8')
        return 'Hello from web.py <a href="%s">ann</a>' % web.url('/hello/ann')


class Hello:
    def GET(self, who):
        return text('%s|%s' % (who, web.input(q=None).q))


class Form:
    def POST(self):
        given = web.input()
        return text('%s|%s' % (given.name, given.note))


class Upload:
    def POST(self):
        given = web.input(file={})
        data = given.file.file.read()
        return text('|'.join([given.note, given.file.filename, str(len(data)), hashlib.sha256(data).hexdigest()]))


class Visits:
    def GET(self):
        session.visits += 1
        return text(str(session.visits))


class Go:
    def GET(self):
        raise web.seeother('/hello/ann')


class Stream:
    def GET(self):
        web.header('X-Accel-Buffering', 'no')
        for number in range(3):
            if number:
                time.sleep(0.5)
            yield b'%d\n' % number


class Broken:
    def GET(self):
        raise ValueError('broken on purpose: ' + web.input().q)


app = application.wsgifunc()
