"""An app that lets go of all that it has open, as daemons do, and then has something to finish: a line in the file MARK."""
import atexit
import os
import time


def finish():
    os.closerange(3, 256)
    time.sleep(3)
    with open(os.environ['MARK'], 'w') as file:
        file.write('finished')


atexit.register(finish)


def application(environ, start_response):
    start_response('200 OK', [])
    return [b'served']
