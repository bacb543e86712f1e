"""The control channel, JSON lines: `ready` or `failed`, `leave` and `stacks` to the gateway, `serve`, `abort` and `stacks` from it."""
import json
import os
import signal

from .limits import interrupt
from .native import native_read, native_sleep, native_write
from .stacks import stacks

# Characters of a text in one message.
PIECE = 4000


# Characters of a text: the gateway takes no longer messages than 8 MB, and JSON may need six bytes for one.
TEXT_MAX = 500000


def shortened(text):
    """A text, or its beginning where it is longer than anybody reads."""
    more = len(text) - TEXT_MAX
    return '%s\u2026 (%d more characters)' % (text[:TEXT_MAX], more) if more > 0 else text


def tell(control, **message):
    """One message to the gateway; small enough to be written at once."""
    try:
        native_write(control, (json.dumps(message) + '\n').encode('ascii'))
    except OSError:
        pass  # the gateway is gone: the connections' end says so too


def listen_to(heard, control, connections, pipes, stop, main):
    """The control channel. Its end means that the gateway is gone: the process then has `stop` seconds to end. `main`: the main thread."""
    waiting = b''
    while True:
        try:
            data = native_read(heard, 65536)
        except OSError:
            data = b''
        if not data:
            break
        lines = (waiting + data).split(b'\n')
        waiting = lines.pop()
        for line in lines:
            message = json.loads(line)
            if message['type'] == 'abort':
                connection = connections[message['connection']]
                connection.aborted = message['sequence']
                if message.get('late'):
                    interrupt(connection, message['sequence'], main)
            elif message['type'] == 'stacks':
                text = stacks(connections)
                for at in range(0, len(text), PIECE):
                    tell(control, type='stacks', number=message['number'], text=text[at:at + PIECE], last=at + PIECE >= len(text))
            elif message['type'] == 'serve':
                pipes.settle(message['pipes'])
    pipes.settle(False)
    native_sleep(stop)
    # An app that hangs shall not outlive its gateway, nor what it started.
    if hasattr(os, 'killpg') and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
