#!/usr/bin/python3 -IS
# Sidegate's CGI relay: a CGI program that passes its request to the running Sidegate and its answer back, by FastCGI over ADDRESS.
# Put it where the web server looks for CGI programs, and make it executable. It needs Python 3.6 or newer and nothing else.
# https://www.rfc-editor.org/rfc/rfc3875 (CGI), FastCGI 1.0; `sidegate plug cgi` writes it with the address filled in.
import os
import select
import socket
import sys

# Where Sidegate listens: unix:/PATH, or HOST:PORT.
ADDRESS = "unix:/run/sidegate/sidegate.sock"
# Seconds until Sidegate must have taken the connection: it is on this machine. All other times are bounded by it and by the web server.
CONNECT_TIMEOUT = 5

BEGIN, END, PARAMS, STDIN, STDOUT, STDERR = 1, 3, 4, 5, 6, 7
# Of this process, and no part of the request.
OWN = (b"PATH", b"PWD", b"OLDPWD", b"SHLVL", b"_", b"HOME", b"USER", b"LOGNAME", b"SHELL", b"TZ", b"LANG", b"LANGUAGE",
       b"HTTP_PROXY")
OWN_PREFIXES = (b"LC_", b"LD_", b"DYLD_", b"PYTHON")
PIECE = 32 * 1024


def record(kind, content):
    """One FastCGI record (3.3) of request 1."""
    return b"\1" + bytes((kind, 0, 1)) + len(content).to_bytes(2, "big") + b"\0\0" + content


def stream(kind, content):
    """As many records as it takes."""
    return b"".join(record(kind, content[at:at + 65528]) for at in range(0, len(content), 65528))


def size(value):
    """A length (3.4)."""
    return bytes((len(value),)) if len(value) < 128 else (len(value) | 1 << 31).to_bytes(4, "big")


def request():
    """The head of the request: BEGIN_REQUEST (responder, the connection is not kept), PARAMS."""
    pairs = b"".join(size(name) + size(value) + name + value for name, value in os.environb.items()
                     if name not in OWN and not name.startswith(OWN_PREFIXES))
    return record(BEGIN, b"\0\1\0\0\0\0\0\0") + stream(PARAMS, pairs) + record(PARAMS, b"")


def body_length():
    """Bytes of the body; None: up to the end of the input, as Apache has it for chunks (RFC 3875 4.2)."""
    text = os.environ.get("CONTENT_LENGTH", "")
    if text in ("", "-1"):
        return None if "chunked" in os.environ.get("HTTP_TRANSFER_ENCODING", "").lower() else 0
    return int(text)


def connect():
    if ADDRESS.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(CONNECT_TIMEOUT)
        connection.connect(ADDRESS[5:])
    else:
        host, _, port = ADDRESS.rpartition(":")
        connection = socket.create_connection((host.strip("[]"), int(port)), CONNECT_TIMEOUT)
    connection.setblocking(False)
    return connection


def write(descriptor, content):
    while content:
        content = content[os.write(descriptor, content):]


class Relay:
    def __init__(self, connection):
        self.connection = connection
        self.waiting = request()
        self.left = body_length()
        self.input_open = self.left != 0
        if not self.input_open:
            self.waiting += record(STDIN, b"")
        self.received = b""
        self.answered = False

    def run(self):
        """Both directions at once: an app may answer before it has read everything. Gives the exit code."""
        poll = select.poll()
        # Only whether the web server is still there.
        poll.register(1, 0)
        while True:
            reading = self.input_open and not self.waiting
            poll.register(self.connection, select.POLLIN | (select.POLLOUT if self.waiting else 0))
            if reading:
                poll.register(0, select.POLLIN)
            ready = dict(poll.poll())
            if reading:
                poll.unregister(0)
            if ready.get(1):
                return 0
            events = ready.get(self.connection.fileno(), 0)
            if events & ~select.POLLOUT:
                code = self.receive()
                if code is not None:
                    return code
            if events & select.POLLOUT:
                self.send()
            if 0 in ready:
                self.take()

    def take(self):
        """A piece of the body."""
        piece = os.read(0, PIECE if self.left is None else min(PIECE, self.left))
        if self.left is not None:
            self.left -= len(piece)
            if not piece:
                raise EOFError("standard input ended before the end of the request body")
        self.input_open = bool(piece) and self.left != 0
        self.waiting = record(STDIN, piece) if piece else b""
        if not self.input_open:
            self.waiting += record(STDIN, b"")

    def send(self):
        try:
            self.waiting = self.waiting[self.connection.send(self.waiting):]
        except BlockingIOError:
            pass
        except OSError:
            # It has answered without reading everything.
            self.waiting = b""
            self.input_open = False

    def receive(self):
        try:
            piece = self.connection.recv(65536)
        except BlockingIOError:
            return None
        if not piece:
            raise EOFError("Sidegate closed the connection before its response was complete")
        received = self.received + piece
        at = 0
        while len(received) - at >= 8:
            if received[at] != 1:
                raise ValueError("what answers at " + ADDRESS + " does not speak FastCGI")
            kind = received[at + 1]
            end = at + 8 + (received[at + 4] << 8 | received[at + 5])
            whole = end + received[at + 6]
            if len(received) < whole:
                break
            if kind == STDOUT and end > at + 8:
                self.answered = True
                write(1, received[at + 8:end])
            elif kind == STDERR:
                write(2, received[at + 8:end])
            elif kind == END:
                return 0 if received[at + 12] == 0 and self.answered else 1
            at = whole
        self.received = received[at:]
        return None


def refuse(status, code, why):
    """What the client is told, and the error log of the web server."""
    write(2, ("sidegate relay: %s [%s]\n" % (why, code)).encode())
    write(1, ("Status: %s\r\nContent-Type: text/plain\r\n\r\n%s\n%s\n" % (status, status, code)).encode())


def main():
    relay = None
    try:
        try:
            connection = connect()
        except OSError as error:
            refuse("503 Service Unavailable", "RELAY_CONNECT", "cannot connect to Sidegate at %s: %s" % (ADDRESS, error))
            return 1
        relay = Relay(connection)
        return relay.run()
    except BrokenPipeError:
        # The web server does not want the rest.
        return 0
    except (OSError, EOFError, ValueError) as error:
        if relay is None or not relay.answered:
            refuse("502 Bad Gateway", "RELAY_CUT", str(error))
        else:
            write(2, ("sidegate relay: %s [RELAY_CUT]\n" % error).encode())
        return 1


sys.exit(main())
