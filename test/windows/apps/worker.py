"""What a worker on Windows is asked for; PATH_INFO names it."""
import os
import subprocess
import sys
import threading

LISTENS = 'import socket, time; s = socket.create_server(("127.0.0.1", %s)); print("there", flush=True); time.sleep(600)'
meeting = threading.Barrier(2)


def application(environ, start_response):
    path = environ['PATH_INFO']
    body = environ['wsgi.input'].read()
    if path == '/print':
        print('printed \u2713')
    elif path == '/raise':
        raise ValueError('\u00fcber')
    elif path == '/die':
        os._exit(7)
    elif path == '/meet':
        meeting.wait(20)
    elif path == '/child':
        child = subprocess.Popen([sys.executable, '-c', LISTENS % environ['QUERY_STRING']],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        child.stdout.readline()
    start_response('200 OK', [('Content-Type', 'text/plain')])
    if path == '/echo':
        return [body]
    return [b'%d %d' % (os.getpid(), len(body))]
