"""An app that forks: its children share everything with the worker at first."""
import multiprocessing
import os
import sys
import time

fork = multiprocessing.get_context('fork')


def say(text, ready=None):
    if ready:
        os.read(ready, 1)
    print(text)
    print('and', end=' ')
    print('errors of', text, file=sys.stderr)


def application(environ, start_response):
    path = environ['PATH_INFO']
    parent = os.getpid()
    body = b'parent'
    if path == '/prints':
        print('half a line', end='')
        fork.Process(target=say, args=('a child',)).start()
    elif path == '/terminates':
        child = fork.Process(target=time.sleep, args=(60,))
        child.start()
        child.terminate()
        child.join(10)
        body = b'%d' % (child.exitcode or 0)
    elif path == '/holds':
        child = fork.Process(target=time.sleep, args=(60,), daemon=True)
        child.start()
        body = b'%d' % child.pid
    elif path == '/pid':
        body = b'%d' % parent
    else:
        child = os.fork()
        if child == 0:
            environ['wsgi.errors'].write('in a child\n')
            if path == '/raises':
                raise RuntimeError('raised in a child')
            if path == '/exits':
                sys.exit(7)
            if path == '/reads':
                environ['wsgi.input'].read()
            body = b'child'
        else:
            _, status = os.waitpid(child, 0)
            body = b'%d' % os.WEXITSTATUS(status)
    if path == '/streams':
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return iter([body])
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [body]
