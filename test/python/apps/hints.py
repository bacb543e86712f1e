"""Early hints, in all the ways that an app may try."""
import threading

LINK = ('link', '</a.css>; rel=preload')


def application(environ, start_response):
    hint = environ['wsgi.early_hints']
    how = environ['PATH_INFO'].strip('/')
    said = 'said'
    if how == 'twice':
        hint([LINK])
        hint(iter([('Link', '</b.js>; rel=preload'), ['Link', '</c\xe9.js>; rel=preload']]))
    elif how == 'many':
        for _ in range(40):
            hint([LINK])
    elif how == 'thread':
        raised = []

        def run():
            try:
                hint([LINK])
            except RuntimeError as error:
                raised.append(str(error))

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        said = raised[0]
    elif how == 'pair':
        hint(['link'])
    elif how == 'value':
        hint([('link', 'a\r\nb: c')])
    elif how not in ('late', 'generator'):
        hint([LINK])
    write = start_response('200 OK', [('Content-Type', 'text/plain')])
    if how == 'late':
        write(b'begun ')
        hint([LINK])
    elif how == 'generator':
        return generated(hint)
    return [said.encode()]


def generated(hint):
    hint([LINK])
    yield b'one '
    yield b'two'
