"""Takes its time. The query says how: sleep, spin (Python that computes), hold (with the interpreter locked), wait (for the body), swallow (an
app that catches what it can), drip (a response without end)."""
import ctypes
import os
import time
from urllib.parse import parse_qsl

# Unlike time.sleep, a call by PyDLL keeps the lock of the interpreter.
hold = ctypes.PyDLL(None).usleep
ended = []


def linger(kind):
    try:
        if kind == 'sleep':
            time.sleep(60)
        elif kind == 'spin':
            end = time.time() + 60
            while time.time() < end:
                pass
        elif kind == 'hold':
            for _ in range(3):
                hold(20000000)
        elif kind == 'swallow':
            while True:
                try:
                    time.sleep(60)
                except BaseException:
                    pass
    except BaseException as error:
        ended.append('%s: %s' % (type(error).__name__, kind))
        raise


def application(environ, start_response):
    query = dict(parse_qsl(environ['QUERY_STRING']))
    kind = query.get('kind')
    if kind:
        print('began', kind, file=environ['wsgi.errors'])
    if kind == 'wait':
        try:
            environ['wsgi.input'].read()
        except BaseException as error:
            ended.append('%s: %s' % (type(error).__name__, kind))
            raise
    elif kind == 'ask':
        gone = environ['sidegate.client_gone']
        while not gone():
            time.sleep(0.01)
        ended.append('gone')
    elif kind == 'drip':
        return drip(start_response)
    elif kind:
        linger(kind)
    start_response('200 OK', [('X-Pid', str(os.getpid()))])
    return [', '.join(ended).encode()]


def drip(start_response):
    start_response('200 OK', [])
    try:
        while True:
            yield b'x' * 65536
    except BaseException as error:
        ended.append('%s: drip' % type(error).__name__)
        raise
