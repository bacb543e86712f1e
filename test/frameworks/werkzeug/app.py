import hashlib
import time

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response


def text(body):
    return Response(body, mimetype='text/plain', headers={'X-Accel-Buffering': 'no'})


def front(request, urls):
    return Response('Hello from Werkzeug <a href="%s">ann</a>' % urls.build('hello', {'who': 'ann'}), mimetype='text/html')


def hello(request, urls, who):
    return text('%s|%s' % (who, request.args.get('q')))


def form(request, urls):
    return text('%(name)s|%(note)s' % request.form)


def upload(request, urls):
    file = request.files['file']
    data = file.read()
    return text('|'.join([request.form['note'], file.filename, str(len(data)), hashlib.sha256(data).hexdigest()]))


def visits(request, urls):
    count = str(int(request.cookies.get('visits', 0)) + 1)
    response = text(count)
    response.set_cookie('visits', count)
    return response


def go(request, urls):
    return redirect(urls.build('hello', {'who': 'ann'}))


def stream(request, urls):
    def pieces():
        for number in range(3):
            if number:
                time.sleep(0.5)
            yield b'%d\n' % number

    return text(pieces())


def broken(request, urls):
    raise ValueError('broken on purpose: ' + request.args['q'])


routes = Map([
    Rule('/', endpoint='front', methods=['GET']),
    Rule('/hello/<who>', endpoint='hello', methods=['GET']),
    Rule('/form', endpoint='form', methods=['POST']),
    Rule('/upload', endpoint='upload', methods=['POST']),
    Rule('/visits', endpoint='visits', methods=['GET']),
    Rule('/go', endpoint='go', methods=['GET']),
    Rule('/stream', endpoint='stream', methods=['GET']),
    Rule('/broken', endpoint='broken', methods=['GET']),
])


@Request.application
def app(request):
    urls = routes.bind_to_environ(request.environ)
    try:
        endpoint, values = urls.match()
    except HTTPException as error:
        return error
    return globals()[endpoint](request, urls, **values)
