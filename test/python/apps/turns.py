"""Says which requests ran: a log line each. The query says what they do: id, sleep, hold (the same with the interpreter locked), wait (until
somebody writes to a FIFO), lock (the same with the interpreter locked), die, size."""
import ctypes
import os
import time
from urllib.parse import parse_qsl

# Unlike time.sleep and os.open, a call by PyDLL keeps the lock of the interpreter.
hold = ctypes.PyDLL(None).usleep
lock = ctypes.PyDLL(None).open


def app(environ, start_response):
    query = dict(parse_qsl(environ['QUERY_STRING']))
    print('ran', query['id'], file=environ['wsgi.errors'])
    if 'sleep' in query:
        time.sleep(float(query['sleep']))
    if 'hold' in query:
        hold(int(float(query['hold']) * 1e6))
    if 'wait' in query:
        os.close(os.open(query['wait'], os.O_RDONLY))
    if 'lock' in query:
        os.close(lock(query['lock'].encode(), os.O_RDONLY))
    if 'die' in query:
        os._exit(3)
    body = environ['wsgi.input'].read()
    start_response('200 OK', [('X-Id', query['id']), ('X-Pid', str(os.getpid()))])
    return [(b'x' * int(query.get('size', 0))) + body]
