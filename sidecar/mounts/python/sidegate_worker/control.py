"""The control channel, JSON lines: `ready` or `failed` and `leave` to the gateway, `serve` and `abort` from it."""
import json
import os
import signal

from .native import native_read, native_sleep, native_write


def tell(control, **message):
    """One message to the gateway; small enough to be written at once."""
    try:
        native_write(control, (json.dumps(message) + '\n').encode('ascii'))
    except OSError:
        pass  # the gateway is gone: the connections' end says so too


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
    if hasattr(os, 'killpg') and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
