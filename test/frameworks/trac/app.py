import hashlib
import os
import time

from trac.core import Component, implements
from trac.util.html import tag
from trac.web.api import IRequestHandler
from trac.web.main import dispatch_request

os.environ['TRAC_ENV'] = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'env')


class Matrix(Component):
    """A plugin with pages of its own."""

    implements(IRequestHandler)

    def match_request(self, req):
        # the forms come from elsewhere, without Trac's token
        req.form_token = None
        return req.path_info.strip('/').split('/')[0] in PAGES

    def process_request(self, req):
        name, *rest = req.path_info.strip('/').split('/')
        PAGES[name](req, *rest)


def text(req, body, content_type='text/plain;charset=utf-8'):
    req.send(body.encode(), content_type)


def front(req):
    text(req, str(tag('Hello from Trac ', tag.a('ann', href=req.href('hello', 'ann')))), 'text/html;charset=utf-8')


def hello(req, who):
    text(req, '%s|%s' % (who, req.args.get('q')))


def form(req):
    text(req, '%s|%s' % (req.args['name'], req.args['note']))


def upload(req):
    name, file, size = req.args.getfile('file')
    text(req, '|'.join([req.args['note'], name, str(size), hashlib.sha256(file.read()).hexdigest()]))


def visits(req):
    count = int(req.session.get('visits', 0)) + 1
    req.session['visits'] = str(count)
    req.session.save()
    text(req, str(count))


def go(req):
    req.redirect(req.href('hello', 'ann'))


def stream(req):
    req.send_response(200)
    req.send_header('Content-Type', 'text/plain')
    req.send_header('X-Accel-Buffering', 'no')
    req.end_headers()
    for number in range(3):
        if number:
            time.sleep(0.5)
        req.write(b'%d\n' % number)


def broken(req):
    raise ValueError('broken on purpose: ' + req.args['q'])


PAGES = {
    '': front,
    'hello': hello,
    'form': form,
    'upload': upload,
    'visits': visits,
    'go': go,
    'stream': stream,
    'broken': broken,
}

app = dispatch_request
