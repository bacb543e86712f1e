"""One request: the app's call, and what it answers."""
import json
import os
import sys
import traceback

from .connection import Gone
from .fastcgi import FINISH, RECORD_MAX, SEND_MAX, STDERR, STDOUT, pack_record, records
from .file_wrapper import FileWrapper
from .forks import Parted, end_child
from .input import Input
from .limits import TimeLimitExceeded
from .output import TEXT_MAX, Errors, running
from .rules import BAD_VALUE, AppMistake, check_chunk, check_name, check_status, check_value, known_names, known_statuses
from .traces import is_own

# On others the system has no way from a file to such a connection, or has another.
CAN_SENDFILE = sys.platform == 'linux' and hasattr(os, 'sendfile')
# What FastCGI wants to see of a request that failed or was taken back; the gateway has its own answer.
FAILED_HEAD = b'Status: 500 Internal Server Error\r\nContent-Type: text/plain\r\n\r\n'


def early_hints(headers):
    """`wsgi.early_hints`: a `103 Early Hints` ahead of the response (RFC 8297), under the name that gunicorn has for it. Where the way to the client
    has no such thing, or the head is sent, nothing comes of it."""
    request = getattr(running, 'request', None)
    if request is None:
        raise RuntimeError('wsgi.early_hints is for the thread that runs the request, until its response is complete')
    request.hint(headers)


class Request:
    __slots__ = ('connection', 'environ', 'status', 'head', 'has_length', 'sent', 'partial')

    def __init__(self, connection, environ):
        self.connection = connection
        self.environ = environ
        self.status = None
        self.head = None
        self.has_length = False
        self.sent = False
        self.partial = None
        body = environ['wsgi.input'] = Input(connection)
        if 'HTTP_EXPECT' in environ and not body.done and environ['HTTP_EXPECT'].lower() == '100-continue':
            body.ask = self.ask_for_body
        environ['wsgi.errors'] = Errors(self)
        if 'HTTPS' in environ and environ['HTTPS'] in ('on', '1', 'ON'):
            environ['wsgi.url_scheme'] = 'https'
        # The body comes without its chunks; who reads this header would look for them.
        if 'HTTP_TRANSFER_ENCODING' in environ:
            del environ['HTTP_TRANSFER_ENCODING']

    def run(self, app):
        connection = self.connection
        running.request = self
        result = None
        failure = None
        try:
            connection.exposed = True
            try:
                result = app(self.environ, self.start_response)
                kind = type(result)
                if kind is list or kind is tuple:
                    connection.exposed = False
                    if connection.late == connection.sequence:
                        connection.shield()
                    if self.partial:
                        self.flush_partial()
                    self.send_list(result)
                    return
                self.send_all(result)
            except Gone:
                pass  # what the app makes of it is nobody's news
            except EOFError:
                if not connection.is_over():
                    failure = sys.exc_info()
            except BaseException:
                if connection.aborted != connection.sequence:
                    failure = sys.exc_info()
            # PEP 3333: close is called once, whatever happened. (A list has none.)
            close = getattr(result, 'close', None)
            if close is not None:
                try:
                    close()
                except BaseException:
                    if connection.late != connection.sequence:
                        self.report(sys.exc_info(), fatal=False)
            connection.shield()
            if failure is not None:
                if self.partial:
                    self.flush_partial()
                self.report(failure, fatal=True)
            self.finish(connection)
        except TimeLimitExceeded:
            # It came on the way out of the app's code.
            connection.shield()
            self.finish(connection)
        finally:
            running.request = None
            failure = None

    def finish(self, connection):
        """The end of a response that was not sent as one list."""
        if self.partial:
            self.flush_partial()
        if not self.sent:
            self.sent = True
            connection.send(records(STDOUT, connection.request_id, FAILED_HEAD))
        connection.send(FINISH[connection.request_id])

    def start_response(self, status, headers, exc_info=None):
        """PEP 3333 "The start_response() Callable"."""
        if exc_info is not None:
            try:
                if self.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.status is not None:
            raise AppMistake('HEAD_TWICE', 'start_response was called twice without exc_info')
        if type(status) is not str or status not in known_statuses:
            check_status(status)
        if not isinstance(headers, list):
            raise AppMistake('HEADER_LIST', 'start_response wants a list of headers, not a %s' % type(headers).__name__)
        lines = 'Status: ' + status + '\r\n'
        has_length = False
        for pair in headers:
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise AppMistake('HEADER_LIST', 'a header is %r: it has to be a tuple of name and value' % (pair,))
            name, value = pair
            if type(name) is not str or name not in known_names:
                check_name(name)
            if type(value) is not str or BAD_VALUE(value):
                check_value(name, value)
            if len(name) == 14 and name.lower() == 'content-length':
                has_length = True
            lines += name + ': ' + value + '\r\n'
        self.status = status
        self.head = lines
        self.has_length = has_length
        return self.write

    def write(self, data):
        """PEP 3333 "The write() Callable": sent before it returns."""
        check_chunk(data)
        if data:
            self.send(data)

    def send(self, data):
        """A piece of the body, with the head in front of the first."""
        connection = self.connection
        connection.demand_client()
        if not self.sent:
            if self.status is None:
                raise AppMistake('NO_HEAD', 'the app gave a body before it called start_response')
            self.sent = True
            data = (self.head + '\r\n').encode('latin-1') + data
        size = len(data)
        if size <= SEND_MAX:
            connection.send(records(STDOUT, connection.request_id, data))
            return
        view = memoryview(data)
        for at in range(0, size, SEND_MAX):
            connection.demand_client()
            connection.send(records(STDOUT, connection.request_id, view[at:at + SEND_MAX]))

    def send_list(self, result):
        """A body that is all there: one record, one sendall, its length known (PEP 3333 "Handling the Content-Length Header")."""
        if len(result) == 1:
            body = result[0]
            check_chunk(body)
        else:
            for chunk in result:
                check_chunk(chunk)
            body = b''.join(result)
        if self.status is None:
            raise AppMistake('NO_HEAD', 'the app returned without calling start_response')
        connection = self.connection
        request_id = connection.request_id
        finish = FINISH[request_id]
        if self.sent:
            if body:
                self.send(body)
            connection.send(finish)
            return
        if not self.has_length and self.status[:3] not in ('204', '304') and self.environ.get('REQUEST_METHOD') != 'HEAD':
            self.head += 'Content-Length: %d\r\n' % len(body)
        data = (self.head + '\r\n').encode('latin-1') + body
        size = len(data)
        if size > RECORD_MAX:
            self.send(body)
            connection.send(finish)
            return
        self.sent = True
        connection.send(pack_record(1, STDOUT, request_id, size, 0) + data + finish)

    def send_all(self, result):
        if result is None or isinstance(result, (bytes, str)):
            raise AppMistake('BODY_TYPE', 'the app returned %s: it has to be an iterable of bytes, such as a list'
                             % ('nothing' if result is None else type(result).__name__))
        if type(result) is FileWrapper:
            if self.send_file(result):
                return
            result.widen()
        for chunk in result:
            if type(chunk) is not bytes:
                check_chunk(chunk)
            if chunk:
                self.send(chunk)
            else:
                self.connection.demand_client()
        if not self.sent:
            if self.status is None:
                raise AppMistake('NO_HEAD', 'the app returned without calling start_response')
            self.send(b'')

    def send_file(self, wrapper):
        """A file goes from the system's memory to the connection, without a copy in Python's; False where it cannot."""
        found = wrapper.on_disk() if CAN_SENDFILE and self.status is not None else None
        if found is None:
            return False
        file, at, size = found
        connection = self.connection
        # With the head gone a record without content would be the end.
        if not self.sent:
            self.send(b'')
        while size > 0:
            connection.demand_client()
            some = min(size, RECORD_MAX)
            connection.send_file(STDOUT, file, at, some)
            at += some
            size -= some
        return True

    def log(self, stream, text):
        """Whole lines go out at once; the rest waits for its end."""
        connection = self.connection
        # Only the request's own thread writes to its connection, and not from a signal handler in the middle of a record.
        if getattr(running, 'request', None) is not self or connection.sending:
            (sys.__stdout__ if stream == 'stdout' else sys.__stderr__).write(text)
            return
        partial = self.partial
        if partial is None:
            partial = self.partial = {}
        text = partial.pop(stream, '') + text
        end = text.rfind('\n') + 1
        if end < len(text):
            if len(text) > TEXT_MAX:
                end = len(text)
            else:
                partial[stream] = text[end:]
        if end:
            self.emit({'stream': stream, 'text': text[:end]})

    def flush_partial(self):
        partial, self.partial = self.partial, None
        for stream, text in partial.items():
            self.emit({'stream': stream, 'text': text})

    def report(self, info, fatal):
        """An exception, for the log and for the gateway. The frames of this package are left out."""
        if type(self.connection.sock) is Parted:
            end_child(info)
        kind, error, trace = info
        while trace is not None and trace.tb_next is not None and is_own(trace):
            trace = trace.tb_next
        try:
            detail = ''.join(traceback.format_exception(kind, error, trace))
            message = traceback.format_exception_only(kind, error)[-1].strip()
        except Exception:  # an exception whose __str__ raises
            detail = None
            message = kind.__name__
        message = str(error) if isinstance(error, AppMistake) else message
        self.emit({'error': getattr(error, 'code', None) if isinstance(error, AppMistake) else 'APP_RAISED',
                   'message': message[:1000], 'detail': detail and detail[-TEXT_MAX:], 'fatal': fatal})

    def hint(self, headers):
        if self.sent or self.connection.sending:
            return
        try:
            pairs = [(name, value) for name, value in headers]
        except (TypeError, ValueError):
            raise AppMistake('HEADER_LIST', 'wsgi.early_hints wants a list of headers, each a tuple of name and value, not %.80r' % (headers,))
        for name, value in pairs:
            check_name(name)
            check_value(name, value)
        self.connection.demand_client()
        self.emit({'hints': pairs})

    def ask_for_body(self):
        self.emit({'wants': 'body'})

    def emit(self, message):
        if len(message.get('text', '')) > TEXT_MAX:
            message['text'] = message['text'][:TEXT_MAX] + ' (cut)'
        data = (json.dumps(message) + '\n').encode('ascii')
        self.connection.send(records(STDERR, self.connection.request_id, data))
