import hashlib
import time

import cherrypy

# Neither signals nor a server of its own; tracebacks to standard error.
cherrypy.config.update({'environment': 'embedded', 'log.screen': True})


def text(body):
    cherrypy.response.headers['Content-Type'] = 'text/plain; charset=utf-8'
    return body.encode()


class Root:
    @cherrypy.expose
    def index(self):
        return 'Hello from CherryPy <a href="%s">ann</a>' % cherrypy.url('/hello/ann')

    @cherrypy.expose
    def hello(self, who, q=None):
        return text('%s|%s' % (who, q))

    @cherrypy.expose
    def form(self, name, note):
        return text('%s|%s' % (name, note))

    @cherrypy.expose
    def upload(self, note, file):
        data = file.file.read()
        return text('|'.join([note, file.filename, str(len(data)), hashlib.sha256(data).hexdigest()]))

    @cherrypy.expose
    def visits(self):
        cherrypy.session['visits'] = cherrypy.session.get('visits', 0) + 1
        return text(str(cherrypy.session['visits']))

    @cherrypy.expose
    def go(self):
        raise cherrypy.HTTPRedirect(cherrypy.url('/hello/ann'))

    @cherrypy.expose
    def stream(self):
        cherrypy.response.headers['X-Accel-Buffering'] = 'no'

        def pieces():
            for number in range(3):
                if number:
                    time.sleep(0.5)
                yield b'%d\n' % number

        return pieces()

    @cherrypy.expose
    def broken(self, q):
        raise ValueError('broken on purpose: ' + q)


app = cherrypy.Application(Root(), None, {'/': {'tools.sessions.on': True}, '/stream': {'response.stream': True}})
