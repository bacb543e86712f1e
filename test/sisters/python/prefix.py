"""Below a prefix: Sidegate says it in X-Forwarded-Prefix, and WSGI has it in SCRIPT_NAME."""
from urllib.parse import unquote

import app as site


def app(environ, start_response):
    environ['SCRIPT_NAME'] = unquote(environ.pop('HTTP_X_FORWARDED_PREFIX', ''), 'latin-1')
    return site.app(environ, start_response)
