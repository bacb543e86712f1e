"""What ASGI demands of the messages of an app, and HTTP of a head."""
import re
from http import HTTPStatus

KNOWN_MAX = 1024
# RFC 9110 5.6.2 and 5.5.
TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z").match
BAD_VALUE = re.compile(rb'[^\t\x20-\x7e\x80-\xff]').search
BLANK = b' \t'
REASONS = {status.value: status.phrase.encode('ascii') for status in HTTPStatus}
# A value that is longer is not likely to come again.
VALUE_MAX = 100
# Names that have been found right; names and values, and what a frame has of them.
known_names = set()
known_fields = {}


class AppMistake(RuntimeError):
    """The app broke a rule of ASGI; `code` is stable."""

    # Tracebacks have its name alone.
    __module__ = '__main__'

    def __init__(self, code, message):
        RuntimeError.__init__(self, message)
        self.code = code


class ClientDisconnected(OSError):
    """The client went away: nobody waits for what the app sends (HTTP & WebSocket 2.4)."""

    __module__ = '__main__'

    def __init__(self):
        OSError.__init__(self, 'the client went away')


def check_name(name):
    if not isinstance(name, bytes):
        raise AppMistake('HEADER_NAME', 'a header name is %r: it has to be bytes' % (name,))
    if not TOKEN(name):
        raise AppMistake('HEADER_NAME', 'the header name %r is not a token (RFC 9110 5.6.2)' % name.decode('latin-1'))
    if len(known_names) < KNOWN_MAX:
        known_names.add(name)


def check_value(name, value):
    if not isinstance(value, bytes):
        raise AppMistake('HEADER_VALUE', 'the value of header %s is %r: it has to be bytes' % (name.decode('latin-1'), value))
    if BAD_VALUE(value):
        raise AppMistake('HEADER_VALUE', 'the value of header %s holds a control character: %r' % (name.decode('latin-1'), value[:80]))


def check_status(kind, message):
    """The status of a response that begins."""
    status = message.get('status')
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 999:
        raise AppMistake('STATUS_LINE', 'the status in %s is %r: it has to be a number from 200 to 999' % (kind, status))
    return int(status)


def checked(name, value):
    """A field that was not seen before, or is of a kind of bytes that has methods of its own: the value that was checked."""
    if type(name) is not bytes or name not in known_names:
        check_name(name)
    if type(value) is not bytes or BAD_VALUE(value):
        check_value(name, value)
        value = bytes(memoryview(value))
    return value


def field_of(name, value):
    """A field as a frame carries it."""
    field = b'%b\0%b\0' % (name, value.strip(BLANK) if value[:1] in BLANK or value[-1:] in BLANK else value)
    if type(name) is bytes and len(value) < VALUE_MAX:
        if len(known_fields) >= KNOWN_MAX:
            known_fields.clear()
        known_fields[name, value] = field
    return field


def head_of(status, headers):
    """The head as a frame carries it, and the value of its Content-Length or None."""
    parts = [b'%d\0%b\0' % (status, REASONS.get(status, b''))]
    length = None
    known = known_fields.get
    try:
        for name, value in headers:
            # What is equal to bytes need not be bytes.
            field = known((name, value)) if type(name) is bytes and type(value) is bytes else None
            if field is None:
                value = checked(name, value)
                field = field_of(name, value)
            parts.append(field)
            if len(name) == 14 and name.lower() == b'content-length':
                length = value
    except (TypeError, ValueError):
        raise AppMistake('HEADER_LIST', 'the headers are %.80r: they have to be pairs of name and value, in bytes' % (headers,))
    return b''.join(parts), length


def check_bytes(kind, key, value):
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise AppMistake('BODY_TYPE', '`%s` of %s is a %s: it has to be bytes' % (key, kind, type(value).__name__))


def kind_of(message):
    """The type of a message."""
    if not isinstance(message, dict) or not isinstance(message.get('type'), str):
        raise AppMistake('ASGI_MESSAGE', 'the app sent %.80r, which is no ASGI message: a dict with a `type`' % (message,))
    return message['type']


def wrong(kind, wanted):
    """A message that cannot come now. `wanted`: which ones can, and why."""
    return AppMistake('ASGI_MESSAGE', 'the app sent %s, but %s' % (kind, wanted))
