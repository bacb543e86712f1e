"""What PEP 3333 demands of an app's response, and HTTP of its head."""
import re


class AppMistake(AssertionError):
    """The app broke a rule of PEP 3333; `code` is stable."""

    # Tracebacks have its name alone.
    __module__ = '__main__'

    def __init__(self, code, message):
        AssertionError.__init__(self, message)
        self.code = code


# RFC 9110 5.6.2 and 5.5; names and statuses that have been found right are remembered (bounded: an app has a few dozen).
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z").match
BAD_VALUE = re.compile(r'[^\t\x20-\x7e\x80-\xff]').search
STATUS = re.compile(r'[1-9][0-9][0-9](?: [\t\x20-\x7e\x80-\xff]*)?\Z').match
KNOWN_MAX = 1024
known_names = set()
known_statuses = set()


def check_name(name):
    if not isinstance(name, str):
        raise AppMistake('HEADER_NAME', 'a header name is %r: it has to be a str' % (name,))
    if not TOKEN(name):
        raise AppMistake('HEADER_NAME', 'the header name %r is not a token (RFC 9110 5.6.2)' % name)
    if len(known_names) < KNOWN_MAX:
        known_names.add(name)


def check_value(name, value):
    if not isinstance(value, str):
        raise AppMistake('HEADER_VALUE', 'the value of header %s is %r: it has to be a str' % (name, value))
    bad = BAD_VALUE(value)
    if bad:
        what = 'a character beyond latin-1' if bad.group() > '\xff' else 'a control character'
        raise AppMistake('HEADER_VALUE', 'the value of header %s holds %s: %r' % (name, what, value[:80]))


def check_status(status):
    if not isinstance(status, str) or not STATUS(status):
        raise AppMistake('STATUS_LINE', 'the status %r is not a str like "200 OK"' % (status,))
    if len(known_statuses) < KNOWN_MAX:
        known_statuses.add(status)


def check_chunk(chunk):
    if not isinstance(chunk, bytes):
        raise AppMistake('BODY_TYPE', 'the app gave a %s in its response body: it has to be bytes' % type(chunk).__name__)
