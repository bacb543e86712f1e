import hashlib

from prestans import exception, parser, rest, types

ANY = parser.VerbConfig(response_template=types.BinaryResponse())


class Handler(rest.RequestHandler):
    __parser_config__ = parser.Config(GET=ANY, HEAD=ANY, POST=ANY)

    def text(self, body, mime_type='text/plain'):
        self.response.body = types.BinaryResponse(
            mime_type=mime_type, file_name='answer', as_attachment=False, contents=body.encode()
        )
        self.response.charset = 'utf-8'


class Front(Handler):
    def get(self):
        self.text('Hello from prestans <a href="%s/hello/ann">ann</a>' % self.request.application_url, 'text/html')

    head = get


class Hello(Handler):
    def get(self, who):
        self.text('%s|%s' % (who.encode('latin-1').decode(), self.request.GET.get('q')))


class Form(Handler):
    def post(self):
        self.text('%s|%s' % (self.request.POST['name'], self.request.POST['note']))


class Upload(Handler):
    def post(self):
        file = self.request.POST['file']
        data = file.file.read()
        parts = [self.request.POST['note'], file.filename, str(len(data)), hashlib.sha256(data).hexdigest()]
        self.text('|'.join(parts))


class Visits(Handler):
    def get(self):
        count = str(int(self.request.cookies.get('visits', 0)) + 1)
        self.text(count)
        self.response.set_cookie('visits', count)


class Go(rest.RequestHandler):
    def get(self):
        raise exception.TemporaryRedirect(self.request.application_url + '/hello/ann')


class Broken(Handler):
    def get(self):
        raise ValueError('broken on purpose: ' + self.request.GET['q'])


app = rest.RequestRouter(
    [
        (r'/?', Front),
        (r'/hello/([^/]+)', Hello),
        (r'/form', Form),
        (r'/upload', Upload),
        (r'/visits', Visits),
        (r'/go', Go),
        (r'/broken', Broken),
    ],
    application_name='matrix',
    charset='UTF-8',
    debug=True,
)
