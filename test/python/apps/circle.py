times = object()

import circle_part  # noqa: E402


def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [('%s %d' % (__name__, 1 if circle_part.circle.times is times else 2)).encode()]
