"""Takes long to load once the file that FLAG names is there."""
import os
import time

if os.path.exists(os.environ['FLAG']):
    time.sleep(600)


def application(environ, start_response):
    start_response('200 OK', [])
    return [str(os.getpid()).encode()]
