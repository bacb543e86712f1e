"""The scope of a request (ASGI HTTP & WebSocket 2.5), made of the CGI variables that the gateway sends."""
from collections.abc import Mapping
from operator import itemgetter
from urllib.parse import quote

VERSIONS = {b'HTTP/1.1': '1.1', b'HTTP/1.0': '1.0', b'HTTP/2.0': '2', b'HTTP/2': '2', b'HTTP/3.0': '3', b'HTTP/3': '3'}
SECURE = (b'on', b'1', b'ON')
# Of a client that came by a Unix socket; the second is nginx's.
NO_ADDRESS = (b'', b'unix:')
# Names that have been seen; they come from clients, so that there is an end to it.
KNOWN_MAX = 4096
TEXT_MAX = 64
SHAPES_MAX = 256
SHAPE_MAX = 4096
# What the scope takes from the variables beside the header.
FACTS = (b'SCRIPT_NAME', b'PATH_INFO', b'REQUEST_METHOD', b'REQUEST_URI', b'QUERY_STRING', b'SERVER_PROTOCOL', b'HTTPS', b'REMOTE_ADDR',
         b'REMOTE_PORT', b'SERVER_NAME', b'SERVER_PORT')


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


class Texts(dict):
    """What is the same in most requests, as text."""

    def __missing__(self, value):
        text = value.decode('latin-1')
        if len(self) < KNOWN_MAX and len(value) < TEXT_MAX:
            self[value] = text
        return text


class Shape:
    """Of requests whose variables have the same names in the same order, as most of a web server have: where among the values is what."""

    __slots__ = ('places', 'fields', 'facts', 'values')

    def __init__(self, names):
        self.places = {name: place for place, name in enumerate(names)}
        own = [(fields[name], place) for name, place in self.places.items() if fields[name]]
        # Of the header, and a getter of the values.
        self.fields = [name for name, _ in own]
        self.values = several([place for _, place in own])
        # A value that is empty stands behind all others, for what is not there.
        self.facts = several([self.places.get(name, len(names)) for name in FACTS])


def several(places):
    """A getter that gives a sequence, however many."""
    return itemgetter(*places) if len(places) > 1 else lambda values: [values[place] for place in places]


class Shapes(dict):
    """By the names, as they come."""

    def __missing__(self, names):
        shape = Shape(names.split(b'\0'))
        # Clients have a say in the names.
        if len(self) >= SHAPES_MAX:
            self.clear()
        if len(names) < SHAPE_MAX:
            self[names] = shape
        return shape


class Variables(Mapping):
    """For apps: what the web server says beside the request itself, as the variables of CGI are: REMOTE_USER, SSL_CLIENT_S_DN, UNIQUE_ID."""

    __slots__ = ('places', 'values')

    def __init__(self, places, values):
        self.places = places
        self.values = values

    def __getitem__(self, name):
        return self.values[self.places[name.encode('latin-1')]].decode('latin-1')

    def __iter__(self):
        return (name.decode('latin-1') for name in self.places)

    def __len__(self):
        return len(self.places)

    def __repr__(self):
        return repr(dict(self))


fields = FieldNames()
texts = Texts()
shapes = Shapes()


def raw_path_of(uri, path):
    """The path as the client sent it, without the query."""
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


def headers_apart(shape, values, repeated):
    """`headers` of a request with fields that came more than once. `repeated`: the variable and the value of each, in turn."""
    apart = {}
    for name, value in zip(repeated[::2], repeated[1::2]):
        apart.setdefault(fields[name], []).append(value)
    return [(name, one) for name, value in zip(shape.fields, shape.values(values)) for one in apart.get(name, (value,))]


def scope_of(shape, values, webSocket, hints, prefix):
    """The scope without `state`. `values`: of the variables, and an empty one behind them. `hints`: the door can carry early hints. `prefix`:
    the app wants to see no root_path."""
    script, path, method, uri, query, protocol, https, client, client_port, server, server_port = shape.facts(values)
    if script:
        path = script + path
    secure = https in SECURE
    scope = {
        'type': 'http',
        'asgi': {'version': '3.0', 'spec_version': '2.5'},
        'http_version': VERSIONS.get(protocol) or protocol.rpartition(b'/')[2].decode('latin-1'),
        'method': texts[method],
        'scheme': 'https' if secure else 'http',
        'path': path.decode('utf-8', 'replace'),
        'raw_path': raw_path_of(uri, path),
        'query_string': query,
        'root_path': script.decode('utf-8', 'replace') if script and not prefix else '',
        'headers': list(zip(shape.fields, shape.values(values))),
        'client': (client.decode('latin-1'), port_of(client_port)) if client not in NO_ADDRESS else None,
        'server': (texts[server], port_of(server_port)),
    }
    if webSocket:
        del scope['method']
        scope['type'] = 'websocket'
        scope['scheme'] = 'wss' if secure else 'ws'
        extensions = {'websocket.http.response': {}}
        place = shape.places.get(b'HTTP_SEC_WEBSOCKET_PROTOCOL', -1)
        scope['subprotocols'] = [name for name in map(str.strip, values[place].decode('latin-1').split(',')) if name]
    elif hints:
        extensions = {'http.response.pathsend': {}, 'http.response.early_hint': {}}
    else:
        extensions = {'http.response.pathsend': {}}
    extensions['sidegate'] = {'variables': Variables(shape.places, values)}
    scope['extensions'] = extensions
    return scope
