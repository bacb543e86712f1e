// WebSockets up to where they are open, or are not.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { NotOffered, type Case, type RequestSpec } from '../../case.ts'
import { acceptOf } from '../../websocket.ts'
import { NO_WEBSOCKETS, noted, release, socketCase, stillServes, type ShownScope } from './asked.ts'

const SCOPE = 'ASGI WebSocket "Connection Scope"'
const CONNECT = 'ASGI WebSocket "Connect - receive event"'
const ACCEPT = 'ASGI WebSocket "Accept - send event"'
const DENIAL = 'ASGI extension websocket.http.response'
const FIELDS = 'ASGI WebSocket "Close - send event": 403 before the socket is accepted'

/** What a host writes down of an app that fails. */
const FAILED = /upstream prematurely closed connection|recv\(\) failed \(104/

const values = ({ headers }: { headers: readonly (readonly [string, string])[] }, name: string): string[] =>
  headers.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value)

/** A handshake that is none: what stands in the fields instead. */
function refused(name: string, spec: string, headers: RequestSpec['headers'], check: Case['check']): Case {
  const fields = [['Upgrade', 'websocket'], ['Connection', 'Upgrade, close'], ...headers!] as const
  return { name, spec, app: 'echo', request: { target: '/', headers: fields }, notOver: NO_WEBSOCKETS, check: check! }
}

export const handshakes: readonly Case[] = [
  socketCase({
    name: 'websocket-scope',
    spec: SCOPE,
    app: 'scope',
    request: { target: '/a%20b/caf%C3%A9?c=%2F', headers: [['X-Own', 'caf\u00e9']] },
    async socket(socket, run) {
      await socket.accepted()
      const { scope, types, headerTypes, queryType } = JSON.parse(await socket.nextText()) as ShownScope
      deepEqual([scope.type, scope.asgi.version, scope.http_version], ['websocket', '3.0', '1.1'])
      deepEqual([scope.scheme ?? 'ws', scope.path, scope.query_string], ['ws', `${run.prefix}/a b/caf\u00e9`, 'c=%2F'])
      deepEqual([scope.root_path ?? '', types['root_path'] ?? 'str', queryType], [run.prefix, 'str', 'bytes'])
      deepEqual([headerTypes, types['method']], [['bytes'], undefined])
      deepEqual(values(scope, 'x-own'), ['caf\u00e9'])
      deepEqual(values(scope, 'sec-websocket-key'), [socket.key])
      for (const [name] of scope.headers) equal(name, name.toLowerCase())
      if (scope.raw_path) equal(scope.raw_path, `${run.prefix}/a%20b/caf%C3%A9`)
      deepEqual(scope.subprotocols ?? [], [])
      socket.close(1000)
    },
  }),
  socketCase({
    name: 'websocket-state',
    spec: 'ASGI lifespan "Lifespan State": for WebSockets as well',
    app: 'scope',
    async socket(socket) {
      await socket.accepted()
      const { scope } = JSON.parse(await socket.nextText()) as ShownScope
      if (!scope.state) throw new NotOffered('the server has no state')
      equal(scope.state['text'], 'from the lifespan')
      socket.close(1000)
    },
  }),
  socketCase({
    name: 'websocket-connect-first',
    spec: `${CONNECT}: the first event; the handshake is complete only when the app accepts`,
    app: 'held',
    async socket(socket, run) {
      const { first } = await noted(run, 'the first event', (seen) => seen.first !== undefined)
      equal(first, 'websocket.connect')
      await stillServes(run)
      equal(socket.live.answer, undefined)
      await release(run)
      await socket.accepted()
      socket.close(1000)
    },
  }),
  socketCase({
    name: 'websocket-accept',
    spec: 'RFC 6455 4.2.2',
    app: 'echo',
    async socket(socket) {
      const head = await socket.accepted()
      equal(values(head, 'upgrade').join().toLowerCase(), 'websocket')
      ok(values(head, 'connection').join().toLowerCase().includes('upgrade'))
      deepEqual(values(head, 'sec-websocket-accept'), [acceptOf(socket.key)])
      deepEqual([values(head, 'content-length'), values(head, 'transfer-encoding')], [[], []])
      socket.close(1000)
    },
  }),
  socketCase({
    name: 'websocket-extensions-unasked',
    spec: 'RFC 6455 9.1: no extension that the client did not offer',
    app: 'echo',
    async socket(socket) {
      deepEqual(values(await socket.accepted(), 'sec-websocket-extensions'), [])
      socket.close(1000)
    },
  }),
  socketCase({
    name: 'websocket-subprotocols',
    spec: `${SCOPE}: those that the client offers, in their order; ${ACCEPT}: the one that is chosen`,
    app: 'subprotocol',
    request: { target: '/?choose=two&token=TOKEN', headers: [['Sec-WebSocket-Protocol', 'one, two,three']] },
    async socket(socket, run) {
      deepEqual(values(await socket.accepted(), 'sec-websocket-protocol'), ['two'])
      const { subprotocols } = await noted(run, 'the subprotocols', (seen) => seen.subprotocols !== undefined)
      deepEqual(subprotocols, ['one', 'two', 'three'])
      socket.close(1000)
    },
  }),
  socketCase({
    name: 'websocket-subprotocols-twice',
    spec: `${SCOPE}; RFC 6455 11.3.4: the field may come several times`,
    app: 'subprotocol',
    request: {
      target: '/?choose=two&token=TOKEN',
      headers: [
        ['Sec-WebSocket-Protocol', 'one'],
        ['Sec-WebSocket-Protocol', 'two'],
      ],
    },
    async socket(socket, run) {
      await socket.accepted()
      const { subprotocols } = await noted(run, 'the subprotocols', (seen) => seen.subprotocols !== undefined)
      deepEqual(subprotocols, ['one', 'two'])
      socket.close(1000)
    },
  }),
  socketCase({
    name: 'websocket-subprotocol-none',
    spec: `${ACCEPT}: none is chosen unless the app says so`,
    app: 'subprotocol',
    request: { target: '/?token=TOKEN', headers: [['Sec-WebSocket-Protocol', 'one']] },
    async socket(socket) {
      deepEqual(values(await socket.accepted(), 'sec-websocket-protocol'), [])
      socket.close(1000)
    },
  }),
  socketCase({
    name: 'websocket-accept-headers',
    spec: `${ACCEPT} (2.1): headers of the app are in the response, duplicates too`,
    app: 'headers',
    async socket(socket) {
      const head = await socket.accepted()
      deepEqual([values(head, 'x-own'), values(head, 'set-cookie')], [['caf\u00e9'], ['a=1', 'b=2']])
      socket.close(1000)
    },
  }),
  socketCase({
    name: 'websocket-deny',
    spec: FIELDS,
    app: 'deny',
    async socket(socket, run) {
      equal((await socket.denied()).status, 403)
      await stillServes(run)
    },
  }),
  socketCase({
    name: 'websocket-deny-disconnect',
    spec: 'ASGI WebSocket "Disconnect - receive event": also when the server has closed it',
    app: 'deny',
    async socket(socket, run) {
      await socket.denied()
      equal((await noted(run, 'the next event', (seen) => seen.event !== undefined)).event, 'websocket.disconnect')
    },
  }),
  socketCase({
    name: 'websocket-deny-response',
    spec: `${DENIAL}: a response of the app's own`,
    app: 'scope',
    async socket(socket, run) {
      await socket.accepted()
      const { scope } = JSON.parse(await socket.nextText()) as ShownScope
      socket.close(1000)
      if (!('websocket.http.response' in (scope.extensions ?? {}))) throw new NotOffered('the server does not offer it')
      const denied = await run.connect('deny-response', { target: '/' })
      const answer = await denied.denied()
      denied.live.destroy()
      deepEqual([answer.status, answer.text, answer.header('www-authenticate')], [401, 'not you\n', 'Basic'])
      deepEqual(answer.all('set-cookie'), ['a=1', 'b=2'])
    },
  }),
  socketCase({
    name: 'websocket-raise-before',
    spec: `${SCOPE}: an app that fails before it accepts: 500, and the connection is no WebSocket`,
    app: 'raise-before',
    async socket(socket, run) {
      const { status, text } = await socket.denied()
      equal(status, 500)
      ok(!text.includes('on purpose'), 'the error message went to the client')
      await stillServes(run)
    },
    hostLog: FAILED,
  }),
  socketCase({
    name: 'websocket-return-before',
    spec: `${CONNECT}: it must be answered; an app that ends without is answered for with an error`,
    app: 'return-before',
    async socket(socket, run) {
      const { status } = await socket.denied()
      ok(status === 403 || status === 500, `the status is ${status}`)
      await stillServes(run)
    },
    hostLog: FAILED,
  }),
  refused(
    'websocket-no-key',
    'RFC 6455 4.2.1: without a key it is no handshake',
    [['Sec-WebSocket-Version', '13']],
    ({ status }) => equal(status, 400),
  ),
  refused(
    'websocket-other-version',
    'RFC 6455 4.4: another version is refused, with the one that is known',
    [
      ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ['Sec-WebSocket-Version', '99'],
    ],
    (answer) => {
      ok(answer.status === 400 || answer.status === 426, `the status is ${answer.status}`)
      equal(answer.header('sec-websocket-version'), '13')
    },
  ),
]
