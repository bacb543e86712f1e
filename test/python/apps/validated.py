"""Apps with a checker of WSGI round each: that of the standard library, and Werkzeug's. What it complains of is raised."""
import sys
import warnings
from os.path import abspath, dirname, join
from wsgiref import validate

from werkzeug.middleware import lint

sys.path.insert(0, join(dirname(dirname(dirname(abspath(__file__)))), 'conformance'))
import app as conformance  # noqa: E402

for category in (validate.WSGIWarning, lint.WSGIWarning, lint.HTTPWarning):
    warnings.simplefilter('error', category)


def simple(environ, start_response):
    """Says what came: the method, the path and how many bytes."""
    taken = 0
    left = int(environ.get('CONTENT_LENGTH') or 0)
    while left > 0:
        piece = environ['wsgi.input'].read(min(left, 65536))
        if not piece:
            break
        taken += len(piece)
        left -= len(piece)
    body = ('%s %s%s %d' % (environ['REQUEST_METHOD'], environ['SCRIPT_NAME'], environ['PATH_INFO'], taken)).encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]


wsgiref_simple = validate.validator(simple)
werkzeug_simple = lint.LintMiddleware(simple)
both_conformance = validate.validator(lint.LintMiddleware(conformance.application))
