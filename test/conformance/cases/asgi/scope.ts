// The scope of a request. Paths and queries are asked for by the cases that all interfaces have in common.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { NotOffered, type Case } from '../../case.ts'
import { asgiCase, scopeOf, type ShownScope } from './asked.ts'

const SCOPE = 'ASGI HTTP "Connection Scope"'
const KNOWN_VERSIONS = ['2.0', '2.1', '2.2', '2.3', '2.4', '2.5']
const BY_VARIABLES = 'variables of one name are joined before they come here'

export const scope: readonly Case[] = [
  asgiCase({
    name: 'scope-keys',
    spec: SCOPE,
    app: 'scope',
    request: { target: '/a%20b?c=d' },
    check(answer) {
      const { scope: seen, types, headerTypes, queryType } = answer.json<ShownScope>()
      deepEqual([seen.type, seen.method, seen.scheme], ['http', 'GET', 'http'])
      equal(seen.asgi.version, '3.0')
      ok(KNOWN_VERSIONS.includes(seen.asgi.spec_version ?? '2.0'), `spec_version is ${seen.asgi.spec_version}`)
      for (const name of ['type', 'http_version', 'method', 'scheme', 'path', 'root_path'])
        ok((types[name] ?? 'str') === 'str', `${name} is of the class ${types[name]}`)
      ok(['bytes', 'NoneType', undefined].includes(types['raw_path']), `raw_path is of the class ${types['raw_path']}`)
      deepEqual([queryType, headerTypes], ['bytes', ['bytes']])
      ok(['dict', 'NoneType', undefined].includes(types['extensions']), 'extensions is a dict')
    },
  }),
  asgiCase({
    name: 'scope-raw-path',
    spec: `${SCOPE}: the bytes of the path as they came, without the query`,
    app: 'scope',
    request: { target: '/caf%C3%A9/a%2Fb%2f?c=%2F' },
    check(answer, run) {
      const { raw_path: raw } = answer.json<ShownScope>().scope
      if (raw === undefined || raw === null) throw new NotOffered('the server has no raw path')
      equal(raw, `${run.prefix}/caf%C3%A9/a%2Fb%2f`)
    },
  }),
  asgiCase({
    name: 'scope-root-path',
    spec: `${SCOPE}: root_path is where the app is mounted, and path begins with it`,
    app: 'scope',
    needsPrefix: true,
    request: { target: '/below' },
    check(answer, run) {
      const { root_path: root, path } = answer.json<ShownScope>().scope
      deepEqual([root, path], [run.prefix, `${run.prefix}/below`])
    },
  }),
  asgiCase({
    name: 'scope-query-bytes',
    spec: `${SCOPE}: not decoded`,
    app: 'scope',
    request: { target: '/?a=%2F+%20&b[]=%e9&&c' },
    check: (answer) => equal(answer.json<ShownScope>().scope.query_string, 'a=%2F+%20&b[]=%e9&&c'),
  }),
  asgiCase({
    name: 'scope-query-none',
    spec: `${SCOPE}: a byte string, empty without a query`,
    app: 'scope',
    request: { target: '/' },
    check: (answer) => equal(answer.json<ShownScope>().scope.query_string, ''),
  }),
  asgiCase({
    name: 'scope-headers-lower',
    spec: `${SCOPE}: header names are lower case`,
    app: 'scope',
    request: { target: '/', headers: [['X-MiXed-Case', 'Kept As It Is']] },
    check(answer) {
      const { headers } = answer.json<ShownScope>().scope
      deepEqual(headers.filter(([name]) => name === 'x-mixed-case').flat(), ['x-mixed-case', 'Kept As It Is'])
      for (const [name] of headers) equal(name, name.toLowerCase())
    },
  }),
  asgiCase({
    name: 'scope-headers-twice',
    spec: `${SCOPE}: duplicates are preserved as received, in their order`,
    app: 'scope',
    notOver: {
      uwsgi: BY_VARIABLES,
      scgi: BY_VARIABLES,
      fastcgi: BY_VARIABLES,
    },
    request: {
      target: '/',
      headers: [
        ['X-Twice', 'one'],
        ['X-Other', 'x'],
        ['X-Twice', 'two'],
      ],
    },
    check(answer) {
      const { headers } = answer.json<ShownScope>().scope
      deepEqual(
        headers.filter(([name]) => name === 'x-twice').map(([, value]) => value),
        ['one', 'two'],
      )
    },
  }),
  asgiCase({
    name: 'scope-headers-content',
    spec: `${SCOPE}: content-type and content-length are headers like all others, each once`,
    app: 'scope',
    request: { method: 'POST', target: '/', headers: [['Content-Type', 'text/x-y']], body: 'seven b' },
    check(answer) {
      const { headers } = answer.json<ShownScope>().scope
      const of = (name: string): string[] => headers.filter(([field]) => field === name).map(([, value]) => value)
      deepEqual([of('content-type'), of('content-length')], [['text/x-y'], ['7']])
    },
  }),
  asgiCase({
    name: 'scope-headers-absent',
    spec: `${SCOPE}: no headers that the client did not send`,
    app: 'scope',
    request: { target: '/' },
    check(answer) {
      const names = answer.json<ShownScope>().scope.headers.map(([name]) => name)
      deepEqual([names.includes('content-type'), names.filter((name) => name === 'host')], [false, ['host']])
    },
  }),
  asgiCase({
    name: 'scope-http-version',
    spec: SCOPE,
    app: 'scope',
    request: { target: '/' },
    check: (answer) => equal(answer.json<ShownScope>().scope.http_version, '1.1'),
  }),
  asgiCase({
    name: 'scope-http-version-old',
    spec: SCOPE,
    app: 'scope',
    notOver: { ajp: 'sends the version of its own' },
    request: { target: '/', protocol: 'HTTP/1.0' },
    check: (answer) => equal(answer.json<ShownScope>().scope.http_version, '1.0'),
  }),
  asgiCase({
    name: 'scope-client',
    spec: `${SCOPE}: address and port of the client`,
    app: 'scope',
    request: { target: '/' },
    async live(live, run) {
      const { client } = (await live.whole()).json<ShownScope>().scope
      if (client === undefined || client === null) throw new NotOffered('the server does not know its client')
      equal(client.length, 2)
      if (live.localPort === undefined) return
      equal(client[0], '127.0.0.1')
      if (run.transport !== 'http') equal(typeof client[1], 'number')
    },
  }),
  asgiCase({
    name: 'scope-server',
    spec: `${SCOPE}: a host and a port, or a path and None`,
    app: 'scope',
    request: { target: '/' },
    check(answer) {
      const { server } = answer.json<ShownScope>().scope
      if (server === undefined || server === null) throw new NotOffered('the server does not say where it listens')
      deepEqual([server.length, typeof server[0]], [2, 'string'])
      ok(server[1] === null || Number.isInteger(server[1]), 'the port is a number or None')
    },
  }),
  asgiCase({
    name: 'scope-tls-absent',
    spec: 'ASGI TLS extension: not for connections without TLS',
    app: 'scope',
    check: (answer) => ok(!('tls' in (answer.json<ShownScope>().scope.extensions ?? {}))),
  }),
  asgiCase({
    name: 'scope-debug-absent',
    spec: 'ASGI extension http.response.debug: servers should not implement it',
    app: 'scope',
    check: (answer) => ok(!('http.response.debug' in (answer.json<ShownScope>().scope.extensions ?? {}))),
  }),
  asgiCase({
    name: 'scope-own',
    spec: 'ASGI "Middleware": what is done to a scope reaches no other request',
    app: 'scope-changed',
    async check(_, run) {
      const { marked } = (await run.request('scope-changed', { target: '/' })).json<{ marked: boolean }>()
      equal(marked, false)
    },
  }),
  asgiCase({
    name: 'scope-state',
    spec: 'ASGI lifespan "Lifespan State": each request has a copy, what is in it is shared',
    app: 'scope-changed',
    async check(answer, run) {
      interface Seen {
        readonly state: { readonly marked: boolean; readonly shared: number } | null
      }
      const first = answer.json<Seen>().state
      if (first === null) throw new NotOffered('the server has no state')
      const second = (await run.request('scope-changed', { target: '/' })).json<Seen>().state!
      deepEqual([second.marked, second.shared > first.shared], [false, true])
      equal((await scopeOf(run)).state?.['text'], 'from the lifespan')
    },
  }),
  asgiCase({
    name: 'lifespan-before-requests',
    spec: 'ASGI lifespan "Startup Complete": a server waits for it before it takes requests',
    app: 'lifespan',
    check(answer) {
      interface Seen {
        readonly calls: number
        readonly completeAtFirst: boolean
        readonly events: readonly string[]
        readonly scope: { readonly type: string; readonly asgi: { readonly version: string } }
      }
      const { calls, completeAtFirst, events, scope: seen } = answer.json<Seen>()
      deepEqual([calls, completeAtFirst, events], [1, true, ['lifespan.startup']])
      deepEqual([seen.type, seen.asgi.version], ['lifespan', '3.0'])
    },
  }),
]
