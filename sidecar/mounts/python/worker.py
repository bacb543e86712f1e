"""Runs one WSGI app (PEP 3333) for Sidegate: a FastCGI responder on sockets inherited from the gateway.

    worker.py TARGET threads=N [path=DIR ...] [stop=SECONDS] [processes=N]

TARGET is `module[:callable]`, `module:factory()` or a file with `[:callable]` behind it. The file descriptors 3 to
2 + N are the connections, one a thread, one request at a time on each; the descriptor after them is the control
channel, JSON lines: `ready` or `failed` and `leave` to the gateway, `serve` and `abort` from it. When the connections
end, the worker ends: a gateway that is gone leaves no worker behind.

Beside each connection there is a pipe (`requests` in `ready`) that the gateway opens too, if it can (`pipes` in `serve`).
Each request is begun by reading a slot of it, and the gateway reads what it wants back: nobody else has that request then.
A slot holds the request itself when it has no body; the others, and all when there is no pipe, come by the connection.

A request that is answered with one list costs one read and one sendall. FastCGI's STDERR stream carries JSON lines,
what the app printed during the request and what went wrong in it; the rest of the output goes to the pipes 1 and 2.
Standard library only, Python 3.8 and newer.
"""
import json
import os
import sys

CONNECTIONS_FROM = 3
# The system's own, whatever an app puts in their place (gevent, eventlet): this file waits for the gateway as ever.
native_read = os.read
native_write = os.write


def tell(control, **message):
    """One message to the gateway; small enough to be written at once."""
    try:
        native_write(control, (json.dumps(message) + '\n').encode('ascii'))
    except OSError:
        pass  # the gateway is gone: the connections' end says so too


class Failed(Exception):
    """The app cannot be started: a stable code and one clear line; `detail` is the traceback, if that helps."""

    def __init__(self, code, message, detail=None):
        Exception.__init__(self, message)
        self.code = code
        self.detail = detail


def options(arguments):
    found = {'target': arguments[0], 'threads': 1, 'processes': 1, 'stop': 30.0, 'path': []}
    for argument in arguments[1:]:
        name, _, value = argument.partition('=')
        if name == 'path':
            found['path'].append(value)
        else:
            found[name] = type(found[name])(value)
    return found


if __name__ == '__main__' and sys.version_info < (3, 8):
    tell(CONNECTIONS_FROM + options(sys.argv[1:])['threads'], type='failed', code='PYTHON_TOO_OLD',
         message='%s is Python %s: 3.8 or newer is needed; an app that wants this one can be served by a run mount, '
                 'with a FastCGI or HTTP server of its own (docs/python.md)' % (sys.executable, sys.version.split()[0]))
    sys.exit(1)

import _thread
import difflib
import faulthandler
import importlib
import importlib.machinery
import importlib.util
import io
import re
import signal
import socket
import stat
import struct
import threading
import time
import traceback

start_native_thread = _thread.start_new_thread
native_lock = _thread.allocate_lock
native_sleep = time.sleep

# --- FastCGI 1.0 ---------------------------------------------------------------------------------------------------

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
RECORD = struct.Struct('>BBHHBx')
unpack_record = RECORD.unpack_from
pack_record = RECORD.pack
# The most a record holds, rounded down to a multiple of eight (spec 3.3).
RECORD_MAX = 65528
# How much one sendall is given at most: copies stay small, calls stay few.
SEND_MAX = 4 * RECORD_MAX
# Less than malloc's threshold for mapping memory, which would cost two system calls a recv.
RECV_SIZE = 65536


def finish_records(request_id):
    """The end of the response: STDOUT closed, END_REQUEST with REQUEST_COMPLETE."""
    return (pack_record(1, STDOUT, request_id, 0, 0) + pack_record(1, END, request_id, 8, 0) + bytes(8))


FINISH = [finish_records(request_id) for request_id in range(256)]
# A slot: the request's number on its connection, the length of its text, its id, then the text.
SLOT = 4096
SLOT_HEAD = struct.Struct('>QHB')
unpack_slot = SLOT_HEAD.unpack_from
TEXT_FROM = SLOT_HEAD.size


def records(kind, request_id, data):
    """`data` as records of one stream."""
    if len(data) <= RECORD_MAX:
        return pack_record(1, kind, request_id, len(data), 0) + data
    pieces = []
    for at in range(0, len(data), RECORD_MAX):
        piece = data[at:at + RECORD_MAX]
        pieces.append(pack_record(1, kind, request_id, len(piece), 0))
        pieces.append(piece)
    return b''.join(pieces)


def read_params(content, environ):
    """Adds the variables in the one FastCGI name-value pair (spec 3.4) that holds them all: faster to take apart than many pairs."""
    at = 0
    lengths = []
    for _ in range(2):
        length = content[at]
        at += 1
        if length > 127:
            length = int.from_bytes(content[at - 1:at + 3], 'big') & 0x7FFFFFFF
            at += 3
        lengths.append(length)
    name, value = lengths
    if content[at:at + name] != b'SIDEGATE_ENVIRON' or at + name + value != len(content):
        raise ValueError('the variables of a request do not come in one')
    read_packed(content[at + name:].decode('latin-1'), environ)


def read_packed(text, environ):
    """Adds variables to `environ`: names and values with a NUL between them."""
    parts = iter(text.split('\0'))
    environ.update(zip(parts, parts))


def give_way():
    """Linux: this thread does not take the processor from the gateway the moment it is given a request, but gets it in turn. On a
    busy machine the gateway then reads and writes several requests at a time. What the app starts is scheduled as ever."""
    try:
        os.sched_setscheduler(0, os.SCHED_BATCH | os.SCHED_RESET_ON_FORK, os.sched_param(0))
    except (AttributeError, OSError):
        pass  # another system, or one that forbids it


class Gone(ConnectionResetError):
    """The client went away: nobody waits for the response, the body is not complete."""

    def __init__(self):
        ConnectionResetError.__init__(self, 'the client went away before the request was complete')


class Parted:
    """In place of the socket in a process that the app has forked: the request is its parent's. A child that comes back from the app,
    and would answer it a second time, ends."""

    def sendall(self, data):
        end_child(None)

    def recv(self, size, flags=0):
        raise OSError('the request belongs to the process that has forked this one')


def end_child(info):
    """Ends a process that the app has forked. `info`: the exception that it came back with, or None."""
    error = info and info[1]
    code = 1 if error else 0
    if isinstance(error, SystemExit) and (error.code is None or isinstance(error.code, int)):
        code = error.code or 0
    elif error:
        traceback.print_exception(*info, file=sys.__stderr__)
    for stream in (sys.__stdout__, sys.__stderr__):
        try:
            stream.flush()
        except Exception:
            pass
    os._exit(code & 0xff)


class Connection:
    """One inherited socket: requests one after the other, each run to its end in this thread."""

    def __init__(self, index, descriptor, base):
        sock = socket.socket(fileno=descriptor)
        sock.set_inheritable(False)
        sock.setblocking(True)
        self.index = index
        self.sock = sock
        self.recv = sock.recv
        self.base = base
        self.data = b''
        self.at = 0
        # Requests are counted on both sides, so that an abort which comes late never hits the next one.
        self.sequence = 0
        self.aborted = 0
        self.sending = False
        self.request_id = 1
        # The request under way came in a slot: it has no body.
        self.bodiless = False
        self.requests = None

    def record(self):
        """The next record: kind, request id, content. EOFError when the gateway has closed the connection."""
        data = self.data
        at = self.at
        have = len(data) - at
        if have < 8:
            data, at, have = self.fill(data, at, 8)
        _, kind, request_id, length, padding = unpack_record(data, at)
        size = 8 + length + padding
        if have < size:
            data, at, have = self.fill(data, at, size)
        if have == size:
            self.data = b''
            self.at = 0
        else:
            self.data = data
            self.at = at + size
        return kind, request_id, data[at + 8:at + 8 + length]

    def fill(self, data, at, size):
        if at == len(data):
            data = self.recv(RECV_SIZE)
            have = len(data)
            if have >= size:
                return data, 0, have
            if have == 0:
                raise EOFError
        else:
            data = data[at:]
            have = len(data)
        pieces = [data]
        while have < size:
            piece = self.recv(RECV_SIZE)
            if not piece:
                raise EOFError
            pieces.append(piece)
            have += len(piece)
        return b''.join(pieces), 0, have

    def accept(self):
        """Waits for a request; its environ without the streams."""
        environ = self.base.copy()
        if self.requests is None:
            self.sequence += 1
        else:
            slot = native_read(self.requests, SLOT)
            if not slot:
                raise EOFError
            self.sequence, length, self.request_id = unpack_slot(slot)
            if length:
                self.bodiless = True
                read_packed(slot[TEXT_FROM:TEXT_FROM + length].decode('latin-1'), environ)
                return environ
        self.bodiless = False
        record = self.record
        # What is left of the request before is skipped.
        kind = 0
        while kind != BEGIN:
            kind, self.request_id, _ = record()
        kind, _, content = record()
        params = b''
        while kind == PARAMS and content:
            params = params + content if params else content
            kind, _, content = record()
        if kind != PARAMS:
            raise ValueError('FastCGI record of type %d among the parameters' % kind)
        read_params(params, environ)
        return environ

    def send(self, data):
        self.sending = True
        self.sock.sendall(data)
        self.sending = False

    def part(self):
        """Takes it away from a process that the app has forked."""
        self.sock.close()
        self.sock = Parted()
        self.recv = self.sock.recv
        self.data = b''
        self.at = 0

    def serve(self, app):
        give_way()
        try:
            while True:
                Request(self, self.accept()).run(app)
        except (EOFError, ConnectionError):
            pass


# --- wsgi.input ----------------------------------------------------------------------------------------------------

class Input:
    """The request body as it arrives. At its end every read gives b''; with the client gone it raises ConnectionResetError."""

    def __init__(self, connection):
        self.connection = connection
        self.sequence = connection.sequence
        self.chunk = b''
        self.at = 0
        self.done = connection.bodiless

    def more(self):
        """The next piece in `chunk`; False at the end."""
        connection = self.connection
        if self.done or connection.sequence != self.sequence:
            return False
        if connection.aborted == self.sequence:
            raise Gone()
        while True:
            kind, _, content = connection.record()
            if kind == STDIN:
                self.chunk = content
                self.at = 0
                if not content:
                    self.done = True
                    return False
                return True
            if kind == ABORT:
                connection.aborted = self.sequence
                raise Gone()

    def read(self, size=-1):
        """`size` bytes, fewer only at the end; everything without `size`."""
        if size is None or size < 0:
            pieces = [self.chunk[self.at:]]
            self.chunk = b''
            self.at = 0
            while self.more():
                pieces.append(self.chunk)
                self.chunk = b''
            return b''.join(pieces)
        pieces = []
        while size > 0:
            have = len(self.chunk) - self.at
            if have == 0:
                if not self.more():
                    break
                continue
            take = have if have < size else size
            pieces.append(self.chunk[self.at:self.at + take])
            self.at += take
            size -= take
        return pieces[0] if len(pieces) == 1 else b''.join(pieces)

    def readline(self, size=-1):
        """One line with its end, or the first `size` bytes of it."""
        room = sys.maxsize if size is None or size < 0 else size
        pieces = []
        while room > 0:
            have = len(self.chunk) - self.at
            if have == 0:
                if not self.more():
                    break
                continue
            newline = self.chunk.find(b'\n', self.at, self.at + min(have, room))
            take = newline + 1 - self.at if newline >= 0 else min(have, room)
            pieces.append(self.chunk[self.at:self.at + take])
            self.at += take
            room -= take
            if newline >= 0:
                break
        return b''.join(pieces)

    def readlines(self, hint=-1):
        """All lines; stops behind the one that reaches `hint` bytes."""
        lines = []
        total = 0
        for line in self:
            lines.append(line)
            total += len(line)
            if hint is not None and 0 < hint <= total:
                break
        return lines

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line


# --- what the app prints -------------------------------------------------------------------------------------------

running = threading.local()
# Longer texts are cut: a log line is no place for a data dump.
TEXT_MAX = 256 * 1024


class Errors:
    """wsgi.errors: text for the log, by whole lines, with the name of the request."""

    def __init__(self, request):
        self.request = request

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError('wsgi.errors takes str, not %s' % type(text).__name__)
        self.request.log('errors', text)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass


class Output(io.TextIOBase):
    """sys.stdout and sys.stderr: inside a request its log, elsewhere the pipe."""

    def __init__(self, name, original):
        io.TextIOBase.__init__(self)
        self.stream = name
        self.original = original
        original.reconfigure(line_buffering=True, errors='backslashreplace')

    def write(self, text):
        request = getattr(running, 'request', None)
        if request is None:
            return self.original.write(text)
        if not isinstance(text, str):
            raise TypeError('write() argument must be str, not %s' % type(text).__name__)
        request.log(self.stream, text)
        return len(text)

    def writable(self):
        return True

    def flush(self):
        self.original.flush()

    def fileno(self):
        return self.original.fileno()

    @property
    def buffer(self):
        return self.original.buffer

    @property
    def encoding(self):
        return self.original.encoding

    @property
    def errors(self):
        return self.original.errors


# --- one request ---------------------------------------------------------------------------------------------------

class FileWrapper:
    """wsgi.file_wrapper: sends a file-like object in blocks."""

    def __init__(self, file, block_size=8192):
        self.file = file
        self.block_size = block_size
        if hasattr(file, 'close'):
            self.close = file.close

    def __iter__(self):
        return self

    def __next__(self):
        block = self.file.read(self.block_size)
        if not block:
            raise StopIteration
        return block

    def widen(self):
        """Files on a disk are read in blocks of a record: fewer turns. Others may make their reader wait: left as they are."""
        try:
            if stat.S_ISREG(os.fstat(self.file.fileno()).st_mode) and self.block_size < RECORD_MAX:
                self.block_size = RECORD_MAX
        except (AttributeError, OSError, ValueError, TypeError):
            pass


class AppMistake(AssertionError):
    """The app broke a rule of PEP 3333; `code` is stable."""

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


# What FastCGI wants to see of a request that failed or was taken back; the gateway has its own answer.
FAILED_HEAD = b'Status: 500 Internal Server Error\r\nContent-Type: text/plain\r\n\r\n'


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
        environ['wsgi.input'] = Input(connection)
        environ['wsgi.errors'] = Errors(self)
        if 'HTTPS' in environ and environ['HTTPS'] in ('on', '1', 'ON'):
            environ['wsgi.url_scheme'] = 'https'
        # The body comes without its chunks; who reads this header would look for them.
        if 'HTTP_TRANSFER_ENCODING' in environ:
            del environ['HTTP_TRANSFER_ENCODING']

    def run(self, app):
        running.request = self
        result = None
        failure = None
        try:
            try:
                result = app(self.environ, self.start_response)
                kind = type(result)
                if kind is list or kind is tuple:
                    if self.partial:
                        self.flush_partial()
                    self.send_list(result)
                    return
                self.send_all(result)
            except Gone:
                pass  # what the app makes of it is nobody's news
            except EOFError:
                if not self.gateway_gone():
                    failure = sys.exc_info()
            except BaseException:
                if self.connection.aborted != self.connection.sequence:
                    failure = sys.exc_info()
            # PEP 3333: close is called once, whatever happened. (A list has none.)
            close = getattr(result, 'close', None)
            if close is not None:
                try:
                    close()
                except BaseException:
                    self.report(sys.exc_info(), fatal=False)
            if self.partial:
                self.flush_partial()
            if failure is not None:
                self.report(failure, fatal=True)
            if not self.sent:
                self.sent = True
                self.connection.send(records(STDOUT, self.connection.request_id, FAILED_HEAD))
            self.connection.send(FINISH[self.connection.request_id])
        finally:
            running.request = None
            failure = None

    def gateway_gone(self):
        try:
            return not self.connection.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            return False

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
        if status not in known_statuses:
            check_status(status)
        if not isinstance(headers, list):
            raise AppMistake('HEADER_LIST', 'start_response wants a list of headers, not a %s' % type(headers).__name__)
        lines = 'Status: ' + status + '\r\n'
        has_length = False
        for pair in headers:
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise AppMistake('HEADER_LIST', 'a header is %r: it has to be a tuple of name and value' % (pair,))
            name, value = pair
            if name not in known_names:
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
        if connection.aborted == connection.sequence:
            raise Gone()
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
            if connection.aborted == connection.sequence:
                raise Gone()
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
            result.widen()
        for chunk in result:
            if type(chunk) is not bytes:
                check_chunk(chunk)
            if chunk:
                self.send(chunk)
            elif self.connection.aborted == self.connection.sequence:
                raise Gone()
        if not self.sent:
            if self.status is None:
                raise AppMistake('NO_HEAD', 'the app returned without calling start_response')
            self.send(b'')

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
        """An exception, for the log and for the gateway. The frames of this file are left out."""
        if type(self.connection.sock) is Parted:
            end_child(info)
        kind, error, trace = info
        while trace is not None and trace.tb_next is not None and trace.tb_frame.f_code.co_filename == __file__:
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

    def emit(self, message):
        if len(message.get('text', '')) > TEXT_MAX:
            message['text'] = message['text'][:TEXT_MAX] + ' (cut)'
        data = (json.dumps(message) + '\n').encode('ascii')
        self.connection.send(records(STDERR, self.connection.request_id, data))


# --- loading the app -----------------------------------------------------------------------------------------------

# Tried in this order when the target names no callable.
CALLABLES = ('application', 'app')


def is_file(place):
    """True for a path: it holds a slash, ends with `.py`, or a file of that name is there. A name that could be both is refused."""
    if '/' in place or os.sep in place or place.endswith('.py'):
        return True
    if not os.path.isfile(place):
        return False
    inner = place.replace('.', os.sep)
    for entry in sys.path:
        for module in (inner + '.py', os.path.join(inner, '__init__.py')):
            if os.path.isfile(os.path.join(entry, module)):
                raise Failed('PYTHON_TARGET_AMBIGUOUS', '%s is the file ./%s and the module in %s: write ./%s for the file, '
                             'or choose another cwd for the module' % (place, place, os.path.join(entry, module), place))
    return True


def load_module(place):
    """Imports a module by its name, or a file by its path with its folder on sys.path, as `python file.py` has it."""
    if not is_file(place):
        try:
            return importlib.import_module(place)
        except ModuleNotFoundError as error:
            missing = error.name or ''
            if place == missing or place.startswith(missing + '.'):
                raise Failed('PYTHON_MODULE_NOT_FOUND', '%s; looked in %s' % (
                    str(error), ', '.join(entry or '.' for entry in sys.path)))
            raise
    path = os.path.abspath(place)
    if not os.path.isfile(path):
        raise Failed('PYTHON_MODULE_NOT_FOUND', 'no file %s' % path)
    sys.path.insert(0, os.path.dirname(path))
    name = module_name(path)
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_file_location(name, path, loader=loader))
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def module_name(path):
    """What a file is called as a module: its own name where an import of that name leads to it, else one that no import can mean.
    foo.wsgi may import a package foo."""
    name = os.path.splitext(os.path.basename(path))[0]
    if name.isidentifier() and name not in sys.modules:
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            spec = None
        if spec is not None and spec.origin is not None and os.path.abspath(spec.origin) == path:
            return name
    return 'sidegate_file_' + re.sub(r'\W', '_', path)


def candidates(module, wanted):
    """What of a module could be meant, for the message."""
    names = [name for name, value in vars(module).items()
             if not name.startswith('_') and callable(value) and not isinstance(value, type)
             and getattr(value, '__module__', module.__name__) in (module.__name__, type(value).__module__)]
    if not names:
        return 'it has no callable at all'
    factories = [name for name in names if name.startswith(('create', 'make', 'build', 'get_'))]
    hint = '; is it a factory? then write %s()' % factories[0] if factories else ''
    near = difflib.get_close_matches(wanted, names, 3) if wanted else []
    names = near + sorted(name for name in names if name not in near)
    return 'its callables: %s%s%s' % (', '.join(names[:12]), ', ...' if len(names) > 12 else '', hint)


def find_callable(module, place, name):
    if not name:
        for candidate in CALLABLES:
            if hasattr(module, candidate):
                return getattr(module, candidate), candidate
        raise Failed('PYTHON_NO_CALLABLE', '%s has neither %s; write %s:NAME (%s)' % (
            place, ' nor '.join(CALLABLES), place, candidates(module, name)))
    found = module
    for part in name.split('.'):
        if not hasattr(found, part):
            raise Failed('PYTHON_NO_CALLABLE', '%s has no %s (%s)' % (place, name, candidates(module, name)))
        found = getattr(found, part)
    return found, name


def is_coroutine_function(value):
    code = getattr(value, '__code__', None) or getattr(getattr(value, '__func__', None), '__code__', None)
    return code is not None and bool(code.co_flags & 0x80)  # inspect.CO_COROUTINE


def split(target):
    """A target's module or file, and what to call in it: empty when it says nothing of that."""
    colon = target.rfind(':')
    # A drive letter's colon is no separator: C:/app.py.
    if colon == 1 and target[2:3] in ('\\', '/'):
        colon = -1
    return (target, '') if colon < 1 else (target[:colon], target[colon + 1:])


def load(target):
    """The app that a target names.

    :raises Failed: when it is not there or is no WSGI app. What its code raises goes through.
    """
    place, name = split(target)
    factory = name.endswith(')')
    if factory:
        if not name.endswith('()'):
            raise Failed('PYTHON_TARGET', 'a factory is called without arguments: write %s:%s()' % (place, name.split('(')[0]))
        name = name[:-2]
    try:
        module = load_module(place)
    except Failed:
        raise
    except BaseException as error:
        raise Failed('PYTHON_IMPORT_FAILED', 'importing %s raised %s' % (place, describe(error)), trace_of(error))
    app, name = find_callable(module, place, name)
    if factory:
        try:
            app = app()
        except BaseException as error:
            raise Failed('PYTHON_FACTORY_FAILED', 'the factory %s:%s() raised %s' % (place, name, describe(error)), trace_of(error))
        if not callable(app):
            raise Failed('PYTHON_FACTORY_FAILED', 'the factory %s:%s() gave a %s, which is not callable' % (
                place, name, type(app).__name__))
    elif not callable(app):
        raise Failed('PYTHON_NO_CALLABLE', '%s:%s is a %s, which is not callable' % (place, name, type(app).__name__))
    if is_coroutine_function(app) or is_coroutine_function(getattr(type(app), '__call__', None)):
        raise Failed('PYTHON_NOT_WSGI', '%s:%s is an ASGI app (its callable is a coroutine): a WSGI app is needed' % (place, name))
    return app


def describe(error):
    return traceback.format_exception_only(type(error), error)[-1].strip()


def trace_of(error):
    """The traceback from the app's own first frame on."""
    trace = error.__traceback__
    inside = (__file__, '<frozen importlib._bootstrap>', '<frozen importlib._bootstrap_external>', importlib.__file__)
    while trace is not None and trace.tb_frame.f_code.co_filename in inside:
        trace = trace.tb_next
    return ''.join(traceback.format_exception(type(error), error, trace))


# --- the process ---------------------------------------------------------------------------------------------------

class Pipes:
    """The pipes that requests come by, until the gateway has said whether it uses them."""

    def __init__(self, connections):
        self.connections = connections
        self.ends = []
        self.settled = False
        self.lock = native_lock()
        self.lock.acquire()

    def open(self):
        """As late as can be: what the app has forked must not hold the ends for writing. Descriptor and inode of each."""
        self.ends = [os.pipe() for _ in self.connections]
        return [(requests, os.fstat(requests).st_ino) for requests, _ in self.ends]

    def settle(self, used):
        """Only the gateway's end is left: it ends with the gateway."""
        if self.settled:
            return
        self.settled = True
        for connection, (requests, end) in zip(self.connections, self.ends):
            os.close(end)
            if used:
                connection.requests = requests
            else:
                os.close(requests)
        self.lock.release()

    def part(self):
        """Takes them away from a process that the app has forked."""
        for requests, end in self.ends:
            os.close(requests)
            if not self.settled:
                os.close(end)

    def wait(self):
        """Until it has been said."""
        self.lock.acquire()
        self.lock.release()


def listen_to(control, connections, pipes, stop):
    """The control channel. Its end means that the gateway is gone: the process then has `stop` seconds to end."""
    waiting = b''
    while True:
        try:
            data = native_read(control, 65536)
        except OSError:
            data = b''
        if not data:
            break
        lines = (waiting + data).split(b'\n')
        waiting = lines.pop()
        for line in lines:
            message = json.loads(line)
            if message['type'] == 'abort':
                connections[message['connection']].aborted = message['sequence']
            elif message['type'] == 'serve':
                pipes.settle(message['pipes'])
    pipes.settle(False)
    native_sleep(stop)
    # An app that hangs shall not outlive its gateway, nor what it started.
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def serve_beside(connection, app, pipes):
    """In a thread of its own, once it is known where requests come; a lock that can be taken when it has ended."""
    end = native_lock()
    end.acquire()

    def serve():
        try:
            pipes.wait()
            connection.serve(app)
        finally:
            end.release()

    if _thread.start_new_thread is start_native_thread:
        threading.Thread(target=serve, daemon=True, name='sidegate-%d' % connection.index).start()
    else:
        # gevent and eventlet would make it one of theirs, which waits for all others.
        start_native_thread(serve, ())
    return end


# Signals at which a worker asks to be replaced, and all that do not end it.
LEAVE = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
HEEDED = LEAVE + (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)


def main(arguments):
    settings = options(arguments)
    threads = settings['threads']
    control = CONNECTIONS_FROM + threads
    os.set_inheritable(control, False)
    sys.stdout = Output('stdout', sys.stdout)
    sys.stderr = Output('stderr', sys.stderr)
    faulthandler.enable(file=sys.__stderr__)

    # Service managers signal every process of a service; only the gateway decides when a worker ends, so that no request
    # is lost. A handler, not SIG_IGN: programs that the app starts shall not inherit it.
    def heed(number, frame):
        if number in LEAVE:
            tell(control, type='leave', reason=signal.Signals(number).name)

    before = {number: signal.signal(number, heed) for number in HEEDED}

    base = {
        'wsgi.version': (1, 0),
        'wsgi.url_scheme': 'http',
        'wsgi.multithread': threads > 1,
        'wsgi.multiprocess': settings['processes'] > 1,
        'wsgi.run_once': False,
        'wsgi.input_terminated': True,
        'wsgi.file_wrapper': FileWrapper,
    }
    connections = [Connection(index, CONNECTIONS_FROM + index, base) for index in range(threads)]
    pipes = Pipes(connections)

    def hold():
        """A signal for the child waits until it is one that the child knows itself: Python would drop it."""
        running.mask = signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)

    def go_on():
        signal.pthread_sigmask(signal.SIG_SETMASK, running.mask)

    def part():
        """In a process that the app has forked: nothing of the worker's is left to it, and signals end it as any other."""
        request = getattr(running, 'request', None)
        if request is not None:
            request.partial = None
            running.request = None
        for connection in connections:
            connection.part()
        pipes.part()
        os.close(control)
        for number in before:
            if signal.getsignal(number) is heed:
                signal.signal(number, before[number])
        go_on()

    if hasattr(os, 'register_at_fork'):
        os.register_at_fork(before=hold, after_in_parent=go_on, after_in_child=part)
    # Not known to the threading module: gevent's patches fail at the import of an app when there is another thread.
    start_native_thread(listen_to, (control, connections, pipes, settings['stop']))

    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or '.') != here]
    sys.path[:0] = settings['path'] + [os.getcwd()]
    sys.argv = [settings['target']]
    try:
        app = load(settings['target'])
    except Failed as error:
        tell(control, type='failed', code=error.code, message=str(error), detail=error.detail)
        return 1
    ends = []
    try:
        for connection in connections[1:]:
            ends.append(serve_beside(connection, app, pipes))
    except (RuntimeError, MemoryError) as error:
        tell(control, type='failed', code='PYTHON_THREADS', message='only %d of %d threads could be started (%s): set fewer threads, or '
             'raise the limit (ulimit -v, ulimit -u, TasksMax of the service, pids of the container)' % (
                 len(ends) + 1, threads, error or 'no memory'))
        return 1
    tell(control, type='ready', python=sys.version.split()[0], pid=os.getpid(), requests=pipes.open())
    pipes.wait()
    connections[0].serve(app)
    for end in ends:
        end.acquire()
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
