"""An app that tells what it sees, factories with arguments, and middleware round it."""
import json


def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'application/json')])
    names = ('SCRIPT_NAME', 'PATH_INFO', 'REMOTE_ADDR', 'wsgi.url_scheme', 'HTTP_HOST', 'trail')
    return [json.dumps({name: environ[name] for name in names if name in environ}).encode()]


def make(*words, **named):
    def made(environ, start_response):
        start_response('200 OK', [])
        return [json.dumps([words, named]).encode()]
    return made


def trail(app, name, times=1):
    def wrapped(environ, start_response):
        environ['trail'] = environ.get('trail', '') + name * times
        return app(environ, start_response)
    return wrapped


class Upper:
    """Changes the body, and closes what it was given."""

    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        result = self.app(environ, start_response)
        try:
            return [chunk.upper() for chunk in result]
        finally:
            if hasattr(result, 'close'):
                result.close()


def nothing(app):
    pass


def refuses(app):
    raise LookupError('no such setting')


# For Paste Deploy.

def paste_app(global_conf, **local_conf):
    return make('paste', global_conf.get('debug'), **local_conf)


def paste_filter(global_conf, name):
    return lambda app: trail(app, name)


def paste_echo(global_conf):
    return application
