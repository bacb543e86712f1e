"""aiohttp's own server: python app.py SOCKET [PREFIX]"""
import asyncio
import hashlib
import sys

from aiohttp import web

routes = web.RouteTableDef()


@routes.get('/')
async def front(request):
    link = request.app.router['hello'].url_for(who='ann')
    return web.Response(text='Hello from aiohttp <a href="%s">ann</a>' % link, content_type='text/html')


@routes.get('/hello/{who}', name='hello')
async def hello(request):
    return web.Response(text='%s|%s' % (request.match_info['who'], request.query.get('q')))


@routes.post('/form')
async def form(request):
    given = await request.post()
    return web.Response(text='%(name)s|%(note)s' % given)


@routes.post('/upload')
async def upload(request):
    given = await request.post()
    file = given['file']
    data = file.file.read()
    parts = [given['note'], file.filename, str(len(data)), hashlib.sha256(data).hexdigest()]
    return web.Response(text='|'.join(parts))


@routes.get('/visits')
async def visits(request):
    count = str(int(request.cookies.get('visits', 0)) + 1)
    response = web.Response(text=count)
    response.set_cookie('visits', count)
    return response


@routes.get('/go')
async def go(request):
    raise web.HTTPFound(request.app.router['hello'].url_for(who='ann'))


@routes.get('/stream')
async def stream(request):
    response = web.StreamResponse(headers={'X-Accel-Buffering': 'no', 'Content-Type': 'text/plain'})
    await response.prepare(request)
    for number in range(3):
        if number:
            await asyncio.sleep(0.5)
        await response.write(b'%d\n' % number)
    return response


@routes.get('/broken')
async def broken(request):
    raise ValueError('broken on purpose: ' + request.query['q'])


socket, prefix = (sys.argv[1:] + [''])[:2]
# A body may have 1 MiB unless it is told otherwise.
app = web.Application(client_max_size=2**21)
app.add_routes(routes)
if prefix:
    inner, app = app, web.Application(client_max_size=2**21)
    app.add_routes([web.get(prefix, lambda request: web.HTTPFound(prefix + '/'))])
    app.add_subapp(prefix, inner)
web.run_app(app, path=socket, print=None)
