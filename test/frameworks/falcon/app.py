import hashlib
import time

import falcon


def text(resp, body):
    resp.content_type = falcon.MEDIA_TEXT
    resp.text = body


class Front:
    def on_get(self, req, resp):
        resp.content_type = falcon.MEDIA_HTML
        resp.text = 'Hello from Falcon <a href="%s/hello/ann">ann</a>' % req.app

    # Falcon makes no HEAD out of a GET.
    on_head = on_get


class Hello:
    def on_get(self, req, resp, who):
        text(resp, '%s|%s' % (who, req.get_param('q')))


class Form:
    def on_post(self, req, resp):
        given = req.get_media()
        text(resp, '%(name)s|%(note)s' % given)


class Upload:
    def on_post(self, req, resp):
        for part in req.get_media():
            if part.name == 'note':
                note = part.text
            else:
                name, data = part.filename, part.stream.read()
        text(resp, '|'.join([note, name, str(len(data)), hashlib.sha256(data).hexdigest()]))


class Visits:
    def on_get(self, req, resp):
        count = str(int(req.cookies.get('visits', 0)) + 1)
        resp.set_cookie('visits', count, path='/', secure=False)
        text(resp, count)


class Go:
    def on_get(self, req, resp):
        raise falcon.HTTPFound(req.prefix + '/hello/ann')


class Stream:
    def on_get(self, req, resp):
        def pieces():
            for number in range(3):
                if number:
                    time.sleep(0.5)
                yield b'%d\n' % number

        resp.content_type = falcon.MEDIA_TEXT
        resp.set_header('X-Accel-Buffering', 'no')
        resp.stream = pieces()


class Broken:
    def on_get(self, req, resp):
        raise ValueError('broken on purpose: ' + req.get_param('q'))


app = falcon.App()
for path, resource in [
    ('/', Front()),
    ('/hello/{who}', Hello()),
    ('/form', Form()),
    ('/upload', Upload()),
    ('/visits', Visits()),
    ('/go', Go()),
    ('/stream', Stream()),
    ('/broken', Broken()),
]:
    app.add_route(path, resource)
# A part of a form may have 1 MiB unless it is told otherwise.
app.req_options.media_handlers[falcon.MEDIA_MULTIPART].parse_options.max_body_part_buffer_size = 2**21
