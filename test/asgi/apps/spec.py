"""An ASGI app of the standard library alone, which does what a test asks of it."""
import asyncio
import contextvars
import gc
import json
import os
import socket
import sys
import threading
import time
import weakref

started = []
events = []
left = []
ending = threading.Event()


async def read_body(receive):
    body = b''
    while True:
        message = await receive()
        if message['type'] == 'http.disconnect':
            return None
        body += message['body']
        if not message['more_body']:
            return body


async def answer(send, body, status=200, headers=()):
    await send({'type': 'http.response.start', 'status': status, 'headers': [(b'content-type', b'text/plain'), *headers]})
    await send({'type': 'http.response.body', 'body': body})


def shown(value):
    if isinstance(value, bytes):
        return value.decode('latin-1')
    if isinstance(value, (list, tuple)):
        return [shown(one) for one in value]
    if isinstance(value, dict):
        return {key: shown(one) for key, one in value.items()}
    try:
        return {key: value[key] for key in value}
    except TypeError:
        return value


class Marked:
    pass


marked = []


async def leaves(scope, receive, send):
    """Whether what the request before had is gone."""
    gc.disable()
    found = marked and ('gone' if marked[-1]() is None else 'there') or 'begun'
    if marked:
        gc.enable()
    scope['marked'] = Marked()
    marked.append(weakref.ref(scope['marked']))
    await answer(send, found.encode())


async def hello(scope, receive, send):
    await answer(send, b'Hello World\n')


async def show_scope(scope, receive, send):
    await answer(send, json.dumps(shown({key: scope[key] for key in scope if key != 'state'})).encode())


async def types(scope, receive, send):
    found = {
        'header': type(scope['headers'][0][0]).__name__, 'path': type(scope['path']).__name__,
        'raw_path': type(scope['raw_path']).__name__, 'query_string': type(scope['query_string']).__name__,
        'thread': threading.current_thread() is threading.main_thread(),
    }
    await answer(send, json.dumps(found).encode())


async def state(scope, receive, send):
    seen = scope['state'].get('own')
    scope['state']['own'] = 'changed'
    scope['state']['shared'].append(1)
    await answer(send, json.dumps([seen, len(scope['state']['shared'])]).encode())


async def echo(scope, receive, send):
    await answer(send, await read_body(receive))


async def pieces(scope, receive, send):
    """How the body came."""
    sizes = []
    while True:
        message = await receive()
        sizes.append(len(message['body']))
        if not message['more_body']:
            break
    await answer(send, json.dumps(sizes).encode())


async def one_piece(scope, receive, send):
    """Takes one piece of the body, and no more."""
    message = await receive()
    await answer(send, b'%d' % len(message['body']))


async def stream(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    for number in range(3):
        await send({'type': 'http.response.body', 'body': b'%d\n' % number, 'more_body': True})
        await asyncio.sleep(0)
    await send({'type': 'http.response.body'})


sent = 0
outcome = None


async def endless(scope, receive, send):
    global sent, outcome
    sent = 0
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    try:
        while True:
            await send({'type': 'http.response.body', 'body': b'x' * 65536, 'more_body': True})
            sent += 65536
    except OSError as error:
        outcome = '%s: %s, then %s' % (type(error).__name__, isinstance(error, OSError), (await receive())['type'])
        raise


async def told(scope, receive, send):
    await answer(send, json.dumps([sent, outcome]).encode())


async def waits(scope, receive, send):
    """Until the client is gone, which it tells in its log."""
    body = await read_body(receive)
    print('waits')
    message = await receive()
    print('then %s' % message['type'])
    try:
        await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    except OSError as error:
        print('send raised %s' % type(error).__name__)


async def deaf(scope, receive, send):
    """Does not look whether the client is gone."""
    print('deaf')
    try:
        await asyncio.sleep(600)
    except asyncio.CancelledError:
        print('cancelled')
        raise


async def after(scope, receive, send):
    """Work behind the response."""
    await answer(send, b'done')
    await asyncio.sleep(float(scope['query_string'] or b'0'))
    # As what is printed outside of requests, which a test compares it with.
    print('behind the response', file=sys.__stdout__)


async def goes_on(scope, receive, send):
    """Says when it has begun, and something more when its client is gone."""
    print('goes on')
    await read_body(receive)
    while (await receive())['type'] != 'http.disconnect':
        pass
    await asyncio.sleep(float(scope['query_string']))
    print('went on')


async def in_threads(scope, receive, send):
    """Python waits for the threads that it has left: they print when the loop has ended."""
    def late(name):
        ending.wait()
        time.sleep(0.5)
        print('said by %s' % name)

    threading.Thread(target=contextvars.copy_context().run, args=(late, 'a thread')).start()
    asyncio.get_running_loop().run_in_executor(None, contextvars.copy_context().run, late, 'the executor')
    await answer(send, b'started')


async def cut_off(scope, receive, send):
    """Ends the connection of its worker, and goes on to print."""
    with socket.socket(fileno=os.dup(3)) as link:
        link.shutdown(socket.SHUT_RDWR)
    for number in range(20):
        await asyncio.sleep(0.01)
        print('still %d' % number)


async def after_raises(scope, receive, send):
    await answer(send, b'done')
    raise ValueError('behind the response')


async def again(scope, receive, send):
    """receive() when all is over."""
    await read_body(receive)
    await answer(send, b'done')
    print('then %s' % (await receive())['type'])


async def many(scope, receive, send):
    """Answers when as many others are here as it is told."""
    started.append(1)
    while len(started) < int(scope['query_string']):
        await asyncio.sleep(0.005)
    await answer(send, b'%d' % len(started))


async def prints(scope, receive, send):
    print('in the request')
    sys.stderr.write('an error\n')
    await asyncio.gather(asyncio.create_task(said('in a task')), asyncio.get_running_loop().run_in_executor(None, lambda: None))
    print('the rest', end='')
    await answer(send, b'')


async def said(text):
    print(text)


async def raises(scope, receive, send):
    raise ValueError('before the start')


async def raises_later(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': b'some', 'more_body': True})
    raise ValueError('after the start')


async def raises_held(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    raise ValueError('with the head held')


async def nothing(scope, receive, send):
    pass


async def no_end(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': b'some', 'more_body': True})


async def body_first(scope, receive, send):
    await send({'type': 'http.response.body', 'body': b'some'})


async def start_twice(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})


async def body_after(scope, receive, send):
    await answer(send, b'done')
    await send({'type': 'http.response.body', 'body': b'more'})


async def of_websocket(scope, receive, send):
    await send({'type': 'websocket.accept'})


async def no_message(scope, receive, send):
    await send('hello')


async def trailers(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': [], 'trailers': True})


async def pushes(scope, receive, send):
    await send({'type': 'http.response.push', 'path': '/', 'headers': []})


class Kind(bytes):
    def strip(self, characters=None):
        return b'\r\nx-other: 1'


def sends(**message):
    async def app(scope, receive, send):
        await send(dict({'type': 'http.response.start', 'status': 200, 'headers': []}, **message))
        await send({'type': 'http.response.body', 'body': b''})
    return app


async def body_text(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': 'text'})


async def too_long(scope, receive, send):
    await answer(send, b'12345', headers=[(b'content-length', b'3')])


async def too_short(scope, receive, send):
    await answer(send, b'12345', headers=[(b'Content-Length', b'9')])


async def too_short_later(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': [(b'content-length', b'9')]})
    await send({'type': 'http.response.body', 'body': b'some', 'more_body': True})
    await send({'type': 'http.response.body', 'body': b''})


async def no_content(scope, receive, send):
    await answer(send, b'a body', status=int(scope['query_string'] or b'204'))


async def large(scope, receive, send):
    await answer(send, b'x' * int(scope['query_string']))


async def odd_blocks(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    for number in range(150):
        await send({'type': 'http.response.body', 'body': bytes([number]) * 65537, 'more_body': True})
    await send({'type': 'http.response.body'})


async def views(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': ([b'x-list', b' v '] for _ in range(1))})
    await send({'type': 'http.response.body', 'body': bytearray(b'by'), 'more_body': True})
    await send({'type': 'http.response.body', 'body': memoryview(b'tes')})


async def hints(scope, receive, send):
    hint = {'type': 'http.response.early_hint', 'links': (link for link in [b'</style.css>; rel=preload'])}
    await send(hint)
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send(dict(hint, links=[b'</script.js>; rel=preload']))
    await send({'type': 'http.response.body', 'body': b'done', 'more_body': True})
    try:
        await send(hint)
    except RuntimeError as error:
        print(error)
    await send({'type': 'http.response.body'})


async def path_send(scope, receive, send):
    path = scope['query_string'].decode()
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.pathsend', 'path': path})


async def blocks(scope, receive, send):
    """Keeps the loop to itself."""
    print('blocks')
    try:
        time.sleep(float(scope['query_string']))
    except BaseException as error:
        print('interrupted by %s' % type(error).__name__)
        raise
    await answer(send, b'done')


async def blocks_in_task(scope, receive, send):
    """As middleware does that calls its app in a task of its own."""
    await asyncio.get_running_loop().create_task(blocks(scope, receive, send))


async def blocks_in_c(scope, receive, send):
    """What waits in C goes on in spite of signals, and longer than interrupts are tried."""
    try:
        os.system('sleep 2.5')
        time.sleep(600)
    except BaseException as error:
        print('interrupted by %s' % type(error).__name__)
        raise


async def leaves_task(scope, receive, send):
    left.append(asyncio.get_running_loop().create_task(stays()))
    await answer(send, b'left')


async def stays():
    try:
        await asyncio.sleep(600)
    finally:
        print('the task has cleaned up', file=sys.__stdout__)


async def sleeps(scope, receive, send):
    print('sleeps')
    try:
        await inner(float(scope['query_string']))
    except BaseException as error:
        print('interrupted by %s' % type(error).__name__)
        raise
    await answer(send, b'done')


async def inner(seconds):
    await asyncio.sleep(seconds)


async def exits(scope, receive, send):
    sys.exit(3)


async def pid(scope, receive, send):
    await answer(send, b'%d' % os.getpid())


async def loop_name(scope, receive, send):
    await answer(send, type(asyncio.get_running_loop()).__module__.encode())


async def forks(scope, receive, send):
    child = os.fork()
    if child == 0:
        os._exit(7)
    await answer(send, b'%d' % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


CASES = {
    'bad_status': sends(status='200'), 'low_status': sends(status=101), 'header_text': sends(headers=[('a', 'b')]),
    'header_value_text': sends(headers=[(b'a', 'b')]), 'header_name': sends(headers=[(b'a b', b'c')]),
    'header_break': sends(headers=[(b'a', b'b\r\nc: d')]), 'headers_text': sends(headers='abc'), 'header_three': sends(headers=[(1, 2, 3)]),
    'header_array': sends(headers=[(bytearray(b'a'), b'b')]), 'length_long': sends(headers=[(b'content-length', b'9' * 5000)]),
    'header_kind': sends(headers=[(b'x-kind', Kind(b' checked'))]),
    'length_text': sends(headers=[(b'content-length', b'abc')]),
}


async def application(scope, receive, send):
    if scope['type'] == 'lifespan':
        return await lifespan(scope, receive, send)
    name = scope['path'][len(scope['root_path']):].split('/')[1] or 'hello'
    await (CASES.get(name) or globals()[name])(scope, receive, send)


async def lifespan(scope, receive, send):
    scope['state'].update(own='own', shared=[])
    while True:
        message = await receive()
        print(message['type'])
        await send({'type': message['type'] + '.complete'})
        if message['type'] == 'lifespan.shutdown':
            ending.set()
            return
