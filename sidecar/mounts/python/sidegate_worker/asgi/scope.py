"""The scope of a request (ASGI HTTP & WebSocket 2.5), made of the CGI variables that the gateway sends."""
from collections.abc import Mapping
from urllib.parse import quote

VERSIONS = {b'HTTP/1.1': '1.1', b'HTTP/1.0': '1.0', b'HTTP/2.0': '2', b'HTTP/2': '2', b'HTTP/3.0': '3', b'HTTP/3': '3'}
SECURE = (b'on', b'1', b'ON')
# Of a client that came by a Unix socket; the second is nginx's.
NO_ADDRESS = (None, b'', b'unix:')
ASGI = {'version': '3.0', 'spec_version': '2.5'}
# Names that have been seen; they come from clients, so that there is an end to it.
KNOWN_MAX = 4096
HTTP_EXTENSIONS = {'http.response.pathsend': {}}
HINTING_EXTENSIONS = dict(HTTP_EXTENSIONS, **{'http.response.early_hint': {}})
WEBSOCKET_EXTENSIONS = {'websocket.http.response': {}}


class FieldNames(dict):
    """The name of a variable to that of its header field, in lower case; None for what is none."""

    def __missing__(self, variable):
        if variable.startswith(b'HTTP_'):
            name = variable[5:].lower().replace(b'_', b'-')
        elif variable in (b'CONTENT_TYPE', b'CONTENT_LENGTH'):
            name = variable.lower().replace(b'_', b'-')
        else:
            name = None
        if len(self) < KNOWN_MAX:
            self[variable] = name
        return name


class Variables(Mapping):
    """For apps: what the web server says beside the request itself, as the variables of CGI are: REMOTE_USER, SSL_CLIENT_S_DN, UNIQUE_ID."""

    __slots__ = ('variables',)

    def __init__(self, variables):
        self.variables = variables

    def __getitem__(self, name):
        return self.variables[name.encode('latin-1')].decode('latin-1')

    def __iter__(self):
        return (name.decode('latin-1') for name in self.variables)

    def __len__(self):
        return len(self.variables)

    def __repr__(self):
        return repr(dict(self))


fields = FieldNames()


def raw_path_of(variables, path):
    """The path as the client sent it, without the query."""
    uri = variables.get(b'REQUEST_URI')
    if not uri:
        return quote(path).encode('ascii')
    if uri[:1] != b'/' and b'://' in uri:
        rest = uri.split(b'://', 1)[1]
        slash = rest.find(b'/')
        uri = rest[slash:] if slash >= 0 else b'/'
    return uri.partition(b'?')[0]


def port_of(text):
    """A port; 0 for what is none, as of a client that came by a Unix socket."""
    return int(text) if text.isdigit() and len(text) < 6 else 0


def headers_apart(variables, repeated):
    """`headers` of a request with fields that came more than once. `repeated`: the variable and the value of each, in turn."""
    values = {}
    for name, value in zip(repeated[::2], repeated[1::2]):
        values.setdefault(name, []).append(value)
    return [(fields[name], one) for name, value in variables.items() if fields[name] for one in values.get(name, (value,))]


def scope_of(variables, webSocket, hints, prefix):
    """The scope without `state`. `hints`: the door can carry early hints. `prefix`: the app wants to see no root_path."""
    path = variables[b'SCRIPT_NAME'] + variables[b'PATH_INFO']
    secure = b'HTTPS' in variables and variables[b'HTTPS'] in SECURE
    client = variables.get(b'REMOTE_ADDR')
    protocol = variables[b'SERVER_PROTOCOL']
    names = fields
    scope = {
        'type': 'http',
        'asgi': ASGI.copy(),
        'http_version': VERSIONS.get(protocol) or protocol.rpartition(b'/')[2].decode('latin-1'),
        'method': variables[b'REQUEST_METHOD'].decode('latin-1'),
        'scheme': 'https' if secure else 'http',
        'path': path.decode('utf-8', 'replace'),
        'raw_path': raw_path_of(variables, path),
        'query_string': variables[b'QUERY_STRING'],
        'root_path': '' if prefix else variables[b'SCRIPT_NAME'].decode('utf-8', 'replace'),
        'headers': [(names[name], value) for name, value in variables.items() if names[name]],
        'client': (client.decode('latin-1'), port_of(variables.get(b'REMOTE_PORT', b''))) if client not in NO_ADDRESS else None,
        'server': (variables[b'SERVER_NAME'].decode('latin-1'), port_of(variables[b'SERVER_PORT'])),
        'extensions': (HINTING_EXTENSIONS if hints else HTTP_EXTENSIONS).copy(),
    }
    if webSocket:
        del scope['method']
        scope['type'] = 'websocket'
        scope['scheme'] = 'wss' if secure else 'ws'
        scope['extensions'] = WEBSOCKET_EXTENSIONS.copy()
        asked = variables.get(b'HTTP_SEC_WEBSOCKET_PROTOCOL', b'').decode('latin-1')
        scope['subprotocols'] = [name.strip() for name in asked.split(',') if name.strip()]
    scope['extensions']['sidegate'] = {'variables': Variables(variables)}
    return scope
