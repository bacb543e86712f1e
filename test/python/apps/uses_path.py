import os

import inside


def application(environ, start_response):
    start_response('200 OK', [])
    return [inside.TEXT, b' ', os.environ['GREETING'].encode(), b' ', os.getcwd().encode()]
