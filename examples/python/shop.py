"""A Python WSGI app without a framework: the standard library is all it needs."""

import os
import platform
from html import escape
from urllib.parse import parse_qs
from wsgiref.util import request_uri

GOODS = {'apple': 3, 'pear': 4, 'plum': 2}

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title>
<link rel="stylesheet" href="/static/style.css">
{content}
<p>Python {python}, worker {pid}, {uri}
<p><a href="{root}">Shop</a> · <a href="/">Start</a>
"""


def application(environ, start_response):
    path = environ['PATH_INFO']
    root = environ['SCRIPT_NAME'] or '/'
    status, content = '200 OK', ''
    if path in ('', '/'):
        items = ''.join(
            '<li><a href="{0}/{1}">{1}</a>, {2} coins'.format(environ['SCRIPT_NAME'], name, price)
            for name, price in GOODS.items()
        )
        content = '<h1>Shop</h1><ul>%s</ul>' % items
    elif path[1:] in GOODS:
        content = order(environ, path[1:])
    else:
        status, content = '404 Not Found', '<h1>We do not have that</h1>'
    body = PAGE.format(
        content=content,
        python=platform.python_version(),
        pid=os.getpid(),
        uri=escape(request_uri(environ)),
        root=root,
    ).encode()
    start_response(status, [('Content-Type', 'text/html; charset=utf-8'), ('Content-Length', str(len(body)))])
    return [body]


def order(environ, name):
    """The page of one thing; a POST orders it."""
    if environ['REQUEST_METHOD'] == 'POST':
        form = parse_qs(environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0)).decode())
        count = form.get('count', ['1'])[0]
        number = int(count) if count.isdigit() and len(count) < 4 else 1
        print('ordered: %d %s' % (number, name), file=environ['wsgi.errors'])
        return '<h1>Thank you</h1><p>%d × %s: %d coins.' % (number, name, number * GOODS[name])
    return (
        '<h1>%s</h1><form method="post"><input name="count" value="1" aria-label="count"> <button>Order</button></form>'
        % name
    )
