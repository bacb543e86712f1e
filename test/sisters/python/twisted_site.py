"""Resources of twisted.web: python twisted_site.py unix:PATH, or tcp:PORT:interface=127.0.0.1"""
import sys
from urllib.parse import unquote_to_bytes

from twisted.internet import reactor, task
from twisted.internet.endpoints import serverFromString
from twisted.python import log
from twisted.web.resource import NoResource, Resource
from twisted.web.server import NOT_DONE_YET, Site


class Pages(Resource):
    isLeaf = True

    def render(self, request):
        # Sidegate says the prefix in X-Forwarded-Prefix; twisted has no place for it.
        prefix = request.requestHeaders.getRawHeaders(b'x-forwarded-prefix', [b''])[0]
        path, _, query = request.uri.partition(b'?')
        request.setHeader(b'content-type', b'text/plain; charset=utf-8')
        if path.startswith(b'/where/'):
            return b'|'.join([prefix, unquote_to_bytes(path), query])
        if path == b'/echo':
            return request.content.read()
        if path == b'/go':
            request.redirect(prefix + b'/where/there')
            return b''
        if path == b'/cookies':
            for name in (b'a', b'b'):
                request.addCookie(name, b'1', path=b'/')
            return b''
        if path == b'/stream':
            request.setHeader(b'x-accel-buffering', b'no')
            return self.stream(request)
        if path == b'/broken':
            raise ValueError('broken on purpose: ' + query.decode())
        return NoResource().render(request)

    def stream(self, request):
        numbers = iter(range(3))

        def more():
            number = next(numbers)
            request.write(b'%d\n' % number)
            if number == 2:
                request.finish()
                loop.stop()

        loop = task.LoopingCall(more)
        loop.start(0.5)
        return NOT_DONE_YET


log.startLogging(sys.stdout)
serverFromString(reactor, sys.argv[1]).listen(Site(Pages()))
reactor.run()
