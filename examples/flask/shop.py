"""The shop as a Flask app."""

import os
import platform

from flask import Flask, abort, render_template_string, request

GOODS = {'apple': 3, 'pear': 4, 'plum': 2}

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title>
<link rel="stylesheet" href="/static/style.css">
<h1>{{ title }}</h1>
{% if goods %}<ul>{% for name, price in goods.items() %}
<li><a href="{{ url_for('thing', name=name) }}">{{ name }}</a>, {{ price }} coins{% endfor %}</ul>{% endif %}
{% if form %}<form method="post"><input name="count" value="1" aria-label="count"> <button>Order</button></form>{% endif %}
{% if text %}<p>{{ text }}{% endif %}
<p>Flask on Python {{ python }}, worker {{ pid }}, {{ request.url }}
<p><a href="{{ url_for('shop') }}">Shop</a> · <a href="/">Start</a>
"""

# Flask has a /static of its own; this one is served by Sidegate.
app = Flask(__name__, static_folder=None)


def page(**values):
    return render_template_string(PAGE, python=platform.python_version(), pid=os.getpid(), **values)


@app.route('/')
def shop():
    return page(title='Shop', goods=GOODS)


@app.route('/<name>', methods=['GET', 'POST'])
def thing(name):
    if name not in GOODS:
        abort(404)
    if request.method == 'GET':
        return page(title=name, form=True)
    count = request.form.get('count', 1, type=int)
    app.logger.info('ordered: %d %s', count, name)
    return page(title='Thank you', text='%d × %s: %d coins.' % (count, name, count * GOODS[name]))
