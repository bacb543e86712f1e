"""Keeps as many MB as the query says, and sleeps for as many seconds: mb, sleep."""
import os
import time
from urllib.parse import parse_qsl

kept = []


def application(environ, start_response):
    query = dict(parse_qsl(environ['QUERY_STRING']))
    if 'mb' in query:
        kept.append(b'x' * (int(query['mb']) << 20))
    if 'sleep' in query:
        print('sleeps in', os.getpid(), file=environ['wsgi.errors'])
        time.sleep(float(query['sleep']))
    start_response('200 OK', [])
    return [str(os.getpid()).encode()]
