"""Loads only as long as the file that FLAG names is there."""
import os

if not os.path.exists(os.environ['FLAG']):
    raise RuntimeError('the flag is not there')


def application(environ, start_response):
    if environ['PATH_INFO'] == '/die':
        os._exit(1)
    start_response('200 OK', [])
    return [str(os.getpid()).encode()]
