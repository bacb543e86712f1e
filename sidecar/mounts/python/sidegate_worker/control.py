"""The control channel, JSON lines: `ready` or `failed`, `leave` and `stacks` to the gateway, `serve`, `abort` and `stacks` from it."""
import json
import os
import signal

from .native import native_read, native_sleep, native_write

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


def tell_text(control, number, text, **more):
    """The answer to `stacks`, in pieces. `more`: goes with the last."""
    for at in range(0, len(text) or 1, PIECE):
        last = at + PIECE >= len(text)
        tell(control, type='stacks', number=number, text=text[at:at + PIECE], last=last, **(more if last else {}))


def listen_to(heard, act, end, stop):
    """The control channel: `act` is called with each message. Its end means that the gateway is gone: `end` is called, and the process then
    has `stop` seconds to end."""
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
            act(json.loads(line))
    end()
    native_sleep(stop)
    # An app that hangs shall not outlive its gateway, nor what it started.
    if hasattr(os, 'killpg') and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
