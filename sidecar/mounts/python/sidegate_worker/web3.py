"""Apps with the interface of PEP 444 (Web3 1.0), called as if they had that of PEP 3333."""
import re
import traceback
from urllib.parse import unquote_to_bytes

from .rules import AppMistake

# Of the keys of WSGI, those that Web3 has too; the others are of WSGI alone.
KEYS = ('errors', 'input', 'multiprocess', 'multithread', 'run_once')
# RFC 3986 2.1.
ESCAPE = re.compile(b'%[0-9A-Fa-f]{2}').match


def as_wsgi(app):
    """A WSGI app that calls an app of Web3: `app(environ)` gives `(body, status, headers)`, all of bytes."""
    def called(environ, start_response):
        answer = app(environ_of(environ))
        if not isinstance(answer, tuple) or len(answer) != 3:
            raise AppMistake('WEB3_ANSWER', 'the app returned %.80r: it has to be a tuple of body, status and headers (PEP 444)' % (answer,))
        body, status, headers = answer
        try:
            if isinstance(headers, tuple) or not isinstance(status, bytes):
                raise AppMistake('WEB3_ANSWER', 'the app returned a tuple of %s, %s and %s: it has to be body, status (bytes, such as b"200 OK") and '
                                 'a list of headers, in this order (PEP 444)' % tuple(type(part).__name__ for part in answer))
            start_response(status.decode('latin-1'), pairs_of(headers))
        except BaseException:
            # As of every body, whatever happened.
            close = getattr(body, 'close', None)
            if close is not None:
                try:
                    close()
                except Exception:
                    # What was wrong before is what counts.
                    traceback.print_exc()
            raise
        return body
    return called


def environ_of(environ):
    """PEP 444 "environ Variables": values of CGI are bytes, names are texts."""
    found = {}
    for name, value in environ.items():
        if type(value) is str and not name.startswith('wsgi.'):
            value = value.encode('latin-1')
        if not name.startswith('wsgi.'):
            found[name] = value
    for key in KEYS:
        found['web3.' + key] = environ['wsgi.' + key]
    found['web3.version'] = (1, 0)
    found['web3.async'] = False
    found['web3.url_scheme'] = environ['wsgi.url_scheme'].encode('latin-1')
    raw = raw_paths(found)
    if raw is not None:
        found['web3.script_name'], found['web3.path_info'] = raw
    return found


def raw_paths(environ):
    """SCRIPT_NAME and PATH_INFO as the client has encoded them; None where the server cannot tell: the web server in front has made another path of it."""
    path = environ.get('REQUEST_URI', b'').partition(b'?')[0]
    if path[:1] != b'/' and b'://' in path:
        path = b'/' + path.partition(b'://')[2].partition(b'/')[2]
    script, rest = environ['SCRIPT_NAME'], environ['PATH_INFO']
    if not path or unquote_to_bytes(path) != script + rest:
        return None
    at = 0
    for _ in script:
        at += 3 if ESCAPE(path, at) else 1
    return path[:at], path[at:]


def pairs_of(headers):
    """Headers as WSGI has them."""
    if not isinstance(headers, list):
        raise AppMistake('HEADER_LIST', 'the headers are a %s: they have to be a list' % type(headers).__name__)
    pairs = []
    for pair in headers:
        if not isinstance(pair, tuple) or len(pair) != 2 or not isinstance(pair[0], bytes) or not isinstance(pair[1], bytes):
            raise AppMistake('HEADER_LIST', 'a header is %r: it has to be a tuple of name and value, both of bytes' % (pair,))
        pairs.append((pair[0].decode('latin-1'), pair[1].decode('latin-1')))
    return pairs
