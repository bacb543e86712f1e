import hashlib
import time

from tg import MinimalApplicationConfigurator, TGController, expose, redirect, request, response, url

SECRET = 'a secret of the tests'


class Root(TGController):
    @expose(content_type='text/html')
    def index(self):
        return 'Hello from TurboGears <a href="%s">ann</a>' % url('/hello/ann')

    @expose(content_type='text/plain')
    def hello(self, who, q=None):
        return '%s|%s' % (who, q)

    @expose(content_type='text/plain')
    def form(self, name, note):
        return '%s|%s' % (name, note)

    @expose(content_type='text/plain')
    def upload(self, note, file):
        data = file.file.read()
        return '|'.join([note, file.filename, str(len(data)), hashlib.sha256(data).hexdigest()])

    @expose(content_type='text/plain')
    def visits(self):
        count = int(request.signed_cookie('visits', SECRET) or 0) + 1
        response.signed_cookie('visits', str(count), SECRET)
        return str(count)

    @expose()
    def go(self):
        redirect('/hello/ann')

    @expose(content_type='text/plain')
    def stream(self):
        response.headers['X-Accel-Buffering'] = 'no'

        def pieces():
            for number in range(3):
                if number:
                    time.sleep(0.5)
                yield b'%d\n' % number

        return pieces()

    @expose()
    def broken(self, q):
        raise ValueError('broken on purpose: ' + q)


config = MinimalApplicationConfigurator()
config.update_blueprint({'root_controller': Root()})
app = config.make_wsgi_app()
