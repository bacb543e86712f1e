// Two checkers that others wrote find nothing wrong with a WSGI environ of ours: wsgiref.validate and Werkzeug's lint, round an app of a
// few lines and round the one of the conformance suite; over every door, directly and behind nginx.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { python } from '../../sidecar/mounts/python/mount.ts'
import { open } from '../conformance/client.ts'
import { cases, notApplicable, runCase, transports, type RequestSpec, type Transport } from '../conformance/index.ts'
import { fastcgi } from '../../sidecar/wire/fastcgi.ts'
import { scgi } from '../../sidecar/wire/scgi.ts'
import { uwsgi } from '../../sidecar/wire/uwsgi.ts'
import { talk } from '../listen/peer.ts'
import { EXAMPLE_SOCKET, matrix } from '../hosts/matrix.ts'
import { nginx, program, startGateway, temporaryFolder, type Nginx, type TestGateway } from '../harness.ts'
import { APPS, INTERPRETER } from './mount.ts'
import { MAIN } from '../built.ts'

const apps = ['wsgiref_simple', 'werkzeug_simple', 'both_conformance'] as const

/** Cases of the suite whose app does what a checker does not allow and PEP 3333 does, or that a checker's wrapping hides. */
const DISALLOWED: Readonly<Record<string, string>> = {
  'redirect-untouched': 'wsgiref.validate: every response has a Content-Type',
  'method-propfind': 'wsgiref.validate does not know the method',
  'length-inferred': 'both: their iterator has no len()',
  'status-204': 'Werkzeug: a 204 has no Content-Length',
  'wsgi-no-start': 'Werkzeug: it is meant to fail, and does so aloud',
  'raise-after-head': 'Werkzeug: it is meant to fail, and does so aloud',
  'body-echo': 'both: read() without a size',
  'body-every-byte': 'both: read() without a size',
  'body-readline': 'Werkzeug: readline with a size',
  'body-readlines': "Werkzeug: readlines is not among the input's methods",
  'body-read-sizes': 'both: read() without a size',
  'wsgi-keys': "Werkzeug: readlines is not among the input's methods",
}

const folder = temporaryFolder()
const socket = join(folder.path, 's')
let gateway: TestGateway

beforeAll(async () => {
  const mounts = apps.map((app) => ({
    key: `/${app}`,
    kind: python,
    settings: { python: `validated:${app}`, interpreter: INTERPRETER, threads: 4 },
  }))
  const listen = ['127.0.0.1:0', { address: `unix:${socket}`, host: 'nginx', trust: ['unix'], mode: '0666' }]
  gateway = await startGateway({ listen, mounts, directory: APPS, host: 'nginx' })
})
afterAll(async () => {
  await gateway?.stop()
  folder.remove()
})

const bodies: readonly Partial<RequestSpec>[] = [
  {},
  { body: '' },
  { body: 'a=1&b=2', headers: [['Content-Type', 'application/x-www-form-urlencoded']] },
  { body: 'x'.repeat(100_000) },
  { body: 'in pieces', chunked: 3 },
]
// those that wsgiref.validate knows
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const targets = ['', '/', '/a%20b/caf%C3%A9?x=1&y=%20', '/a//b/;p=1/']

/** Every method, path and body; and a request that says of itself only what it has to. */
function requests(transport: Transport): RequestSpec[] {
  const all = methods.flatMap((method) =>
    targets.flatMap((target) => bodies.map((body): RequestSpec => ({ method, target, ...body }))),
  )
  // Only HTTP, and FastCGI and AJP, have a way to end a body that was not announced.
  return transport === 'uwsgi' || transport === 'scgi' ? all.filter(({ chunked }) => !chunked) : all
}

/** The complaints in what was logged. */
const complaints = (text: string): string[] =>
  text.split('\n').filter((line) => /AssertionError|Warning|GatewayError|garbage collected/.test(line))

/** Asks everything; gives what was not answered well, and what was complained of. */
async function complaintsAbout(to: { address: string; transport: Transport }, app: string): Promise<string[]> {
  const before = gateway.log.text.length
  const wrong: string[] = []
  for (const request of requests(to.transport)) {
    const target = `/${app}${request.target}`
    const { status } = await open(to, { ...request, target }).whole()
    if (status !== 200) wrong.push(`${request.method} ${target} with ${request.body?.length} bytes: ${status}`)
  }
  return [...wrong, ...complaints(gateway.log.text.slice(before))]
}

/** Asks the suite; gives the cases that failed, and what was complained of. */
async function complaintsInSuite(options: Parameters<typeof runCase>[1]): Promise<string[]> {
  const wrong: string[] = []
  for (const one of cases) {
    if (one.breaksRules || one.name in DISALLOWED || notApplicable(one, options) !== undefined) continue
    const before = gateway.log.text.length
    const { result, error } = await runCase(one, options)
    if (result === 'failed') wrong.push(`${one.name}: ${(error as Error).message}`)
    wrong.push(...complaints(gateway.log.text.slice(before)).map((line) => `${one.name}: ${line}`))
  }
  return wrong
}

describe.each(['wsgiref_simple', 'werkzeug_simple'])('%s', (app) => {
  test.each(transports)('by %s', async (transport) => {
    expect(await complaintsAbout({ address: gateway.addresses[0]!, transport }, app)).toEqual([])
  })

  // What hosts leave out, and what they send empty or under a name of a field.
  const least = { REQUEST_METHOD: 'GET', REQUEST_URI: `/${app}/x`, PATH_INFO: `/${app}/x` }
  const odd = {
    SERVER_NAME: '',
    SERVER_PORT: '',
    SERVER_PROTOCOL: '',
    CONTENT_TYPE: '',
    SCRIPT_NAME: '/',
    REMOTE_ADDR: '',
  }
  const fields = { HTTP_CONTENT_TYPE: 'text/plain', HTTP_CONTENT_LENGTH: '0', CONTENT_TYPE: 'text/plain' }

  test.each([
    ['uwsgi', uwsgi],
    ['fastcgi', fastcgi],
    ['scgi', scgi],
  ] as const)('by %s, with the least that a host may say, and with odd values', async (name, { client }) => {
    const before = gateway.log.text.length
    for (const variables of [least, { ...least, ...odd }, { ...least, ...fields }]) {
      const codec = client()
      const request = Buffer.concat([codec.request({ ...variables }, 0), codec.finish() ?? Buffer.of()])
      // FCGI_KEEP_CONN off (FastCGI 1.0, 5.1): the end of the connection is the end of the answer
      if (name === 'fastcgi') request[10] = 0
      expect(await talk(gateway.addresses[0]!, request)).toMatch(/Status: 200|HTTP\/1\.[01] 200/)
    }
    expect(complaints(gateway.log.text.slice(before))).toEqual([])
  })

  test('by CGI', async () => {
    const words = ['cgi', `python:validated:${app}`]
    const env = {
      PATH: '/usr/bin:/bin',
      GATEWAY_INTERFACE: 'CGI/1.1',
      REQUEST_METHOD: 'POST',
      CONTENT_LENGTH: '4',
      PATH_INFO: '/a b',
      SERVER_NAME: 'example.com',
      SERVER_PORT: '80',
      SERVER_PROTOCOL: 'HTTP/1.1',
    }
    const child = spawn(process.execPath, [MAIN, ...words], { cwd: APPS, env, stdio: 'pipe' })
    let out = ''
    child.stdout.setEncoding('latin1').on('data', (piece: string) => (out += piece))
    let err = ''
    child.stderr.setEncoding('latin1').on('data', (piece: string) => (err += piece))
    child.stdin.end('body')
    await new Promise((resolve) => child.once('close', resolve))
    expect([out, complaints(err)]).toEqual([expect.stringMatching(/^Status: 200 [^]*\r\n\r\nPOST \/a b 4$/), []])
  })
})

test.each(transports)('both, round the conformance suite, by %s', async (transport) => {
  const options = {
    address: gateway.addresses[0]!,
    transport,
    interface: 'python',
    prefix: '/both_conformance',
  } as const
  expect(await complaintsInSuite(options)).toEqual([])
})

describe.skipIf(!program('nginx')).each(matrix.filter(({ host }) => host === 'nginx'))(
  'behind nginx over $protocol',
  ({ protocol, config }) => {
    let host: Nginx
    beforeAll(async () => {
      host = await nginx({ config: config(), replace: { [EXAMPLE_SOCKET]: socket } })
    })
    afterAll(() => host?.stop(cases.flatMap(({ hostLog }) => hostLog ?? [])))

    test.each(['wsgiref_simple', 'werkzeug_simple'])('%s', async (app) => {
      expect(await complaintsAbout({ address: host.address, transport: 'http' }, app)).toEqual([])
    })

    test('both, round the conformance suite', async () => {
      const { address } = host
      const behind = { host: 'nginx', protocol }
      const options = { address, transport: 'http', interface: 'python', prefix: '/both_conformance', behind } as const
      expect(await complaintsInSuite(options)).toEqual([])
    })
  },
)
