"""Gives work to a process that multiprocessing has started anew, and says what of the worker a program can see."""
import json
import multiprocessing
import sys


def work(environ):
    return [environ['PATH_INFO'], environ['wsgi.file_wrapper'].__name__]


def see():
    return [[name for name in sys.modules if 'sidegate' in name.split('.')[0]], sys.path]


def app(environ, start_response):
    plain = {name: value for name, value in environ.items() if name not in ('wsgi.input', 'wsgi.errors')}
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        result = {'worked': pool.apply(work, (plain,)), 'here': see(), 'there': pool.apply(see)}
    start_response('200 OK', [])
    return [json.dumps(result).encode()]
