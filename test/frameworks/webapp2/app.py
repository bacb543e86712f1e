import hashlib
import os
import time

import webapp2
from webapp2_extras import sessions
from webapp2_extras.routes import PathPrefixRoute


class Page(webapp2.RequestHandler):
    def text(self, body):
        self.response.content_type = 'text/plain'
        self.response.write(body)


class Front(Page):
    def get(self):
        self.response.write('Hello from webapp2 <a href="%s">ann</a>' % self.uri_for('hello', who='ann'))

    head = get


class Hello(Page):
    def get(self, who):
        self.text('%s|%s' % (who, self.request.get('q')))


class Form(Page):
    def post(self):
        self.text('%s|%s' % (self.request.get('name'), self.request.get('note')))


class Upload(Page):
    def post(self):
        file = self.request.POST['file']
        data = file.file.read()
        note = self.request.POST['note']
        self.text('|'.join([note, file.filename, str(len(data)), hashlib.sha256(data).hexdigest()]))


class Visits(Page):
    def get(self):
        store = sessions.get_store(request=self.request)
        session = store.get_session()
        session['visits'] = session.get('visits', 0) + 1
        store.save_sessions(self.response)
        self.text(str(session['visits']))


class Go(Page):
    def get(self):
        self.redirect_to('hello', who='ann')


class Stream(Page):
    def get(self):
        def pieces():
            for number in range(3):
                if number:
                    time.sleep(0.5)
                yield b'%d\n' % number

        self.response.headers['X-Accel-Buffering'] = 'no'
        self.response.app_iter = pieces()


class Broken(Page):
    def get(self):
        raise ValueError('broken on purpose: ' + self.request.get('q'))


routes = [
    webapp2.Route('/', Front),
    webapp2.Route('/hello/<who>', Hello, 'hello'),
    webapp2.Route('/form', Form),
    webapp2.Route('/upload', Upload),
    webapp2.Route('/visits', Visits),
    webapp2.Route('/go', Go),
    webapp2.Route('/stream', Stream),
    webapp2.Route('/broken', Broken),
]
prefix = os.environ.get('PREFIX', '')
if prefix:
    # It matches SCRIPT_NAME and PATH_INFO together.
    routes = [webapp2.Route(prefix, Front), PathPrefixRoute(prefix, routes)]
app = webapp2.WSGIApplication(routes, config={'webapp2_extras.sessions': {'secret_key': 'a secret of the tests'}})
