import { expect, test } from 'vitest'
import { freshFolder, startGateway, text } from './gateway.ts'
import { bodyOf, connectTo, readAll, talk, uwsgiRequest } from './peer.ts'

const httpRequest = 'GET /x HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n'

test('one address takes uwsgi and HTTP, in any pieces', async () => {
  const { addresses, gateway, accesses } = await startGateway(
    [`unix:${freshFolder()}/s.sock`, '127.0.0.1:0'],
    (exchange) => text(exchange.door.protocol)(exchange),
  )
  const packet = uwsgiRequest('/x')
  for (const address of addresses) {
    expect(bodyOf(await talk(address, packet))).toBe('uwsgi')
    expect(bodyOf(await talk(address, ...Array.from(packet, (byte) => Uint8Array.of(byte))))).toBe('uwsgi')
    expect(bodyOf(await talk(address, httpRequest))).toBe('http')
    expect(bodyOf(await talk(address, ...httpRequest))).toBe('http')
  }
  gateway.log.flush()
  expect(accesses).toHaveLength(8)
})

test('a body that comes right behind the HTTP head is not reordered', async () => {
  const { addresses } = await startGateway(['127.0.0.1:0'], async (exchange) => {
    let body = ''
    for await (const bytes of exchange.body) body += Buffer.from(bytes).toString()
    text(body)(exchange)
  })
  const body = Array.from({ length: 20_000 }, (_, index) => `${index},`).join('')
  const head = `POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`
  expect(bodyOf(await talk(addresses[0]!, head + body.slice(0, 10), body.slice(10, 5000), body.slice(5000)))).toBe(body)
})

test('HTTP keeps its connection for further requests', async () => {
  const { addresses } = await startGateway(['127.0.0.1:0'], text('ok'))
  const answer = await talk(addresses[0]!, httpRequest.replace('close', 'keep-alive'), httpRequest)
  expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2)
})

test('a connection without a byte costs no log line', async () => {
  const { addresses, errors } = await startGateway(['127.0.0.1:0'], text('ok'))
  const socket = await connectTo(addresses[0]!)
  socket.end()
  expect(await readAll(socket)).toBe('')
  expect(errors).toEqual([])
})

test('proxy_pass to a uwsgi-only listener is told so, in the log and in the answer', async () => {
  const { addresses, errors } = await startGateway(['uwsgi://127.0.0.1:0'], text('ok'))
  expect(await talk(addresses[0]!, httpRequest)).toMatch(/^HTTP\/1\.1 400 [^]*WRONG_PROTOCOL: this port speaks uwsgi/)
  expect(errors).toMatchObject([{ code: 'WRONG_PROTOCOL', blame: 'peer', peer: '127.0.0.1' }])
  expect(errors[0]!.message).toMatch(
    /looks like HTTP, but the listener speaks uwsgi only: in nginx change proxy_pass to uwsgi_pass/,
  )
})

test.each([
  ['uwsgi', '0101000100080000', 'fastcgi', 'in nginx change fastcgi_pass to uwsgi_pass'],
  ['fastcgi', '00080000', 'uwsgi', 'in nginx change uwsgi_pass to fastcgi_pass'],
  ['scgi', '12340001', 'ajp', 'the web server in front has to speak scgi'],
  ['ajp', Buffer.from('24:CONTENT_LENGTH').toString('hex'), 'scgi', 'the web server in front has to speak ajp'],
])('a listener for %s alone knows what %s is: %s', async (name, bytes, other, change) => {
  const { addresses, errors } = await startGateway([`${name}://127.0.0.1:0`], text('ok'))
  await talk(addresses[0]!, Buffer.from(bytes, 'hex'))
  const said = `this looks like ${other}, but the listener speaks ${name} only: ${change}, or listen without ${name}:// in front`
  expect(errors).toMatchObject([{ code: 'WRONG_PROTOCOL', message: said }])
})

test('HTTP to an AJP-only listener is told so in the words of Apache: nginx speaks none', async () => {
  const { addresses, errors } = await startGateway(['ajp://127.0.0.1:0'], text('ok'))
  await talk(addresses[0]!, httpRequest)
  expect(errors[0]!.message).toMatch(/the listener speaks ajp only: in Apache change http:\/\/ to ajp:\/\//)
})

test('uwsgi_pass to an HTTP-only listener is told so, in the log and in the answer', async () => {
  const { addresses, errors } = await startGateway(['http://127.0.0.1:0'], text('ok'))
  expect(await talk(addresses[0]!, uwsgiRequest('/'))).toMatch(/^HTTP\/1\.1 400 [^]*WRONG_PROTOCOL/)
  expect(errors[0]!.message).toMatch(
    /looks like uwsgi, but the listener speaks http only: change uwsgi_pass to proxy_pass/,
  )
})

test('bytes that are nothing get one line and cost only their connection', async () => {
  const { addresses, errors } = await startGateway(['uwsgi://127.0.0.1:0', '127.0.0.1:0'], text('ok'))
  expect(await talk(addresses[0]!, '\xff\xfe\xfd')).toBe('')
  expect(await talk(addresses[1]!, '\xff\xfe\xfd\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/)
  expect(errors.map(({ code }) => code)).toEqual(['WRONG_PROTOCOL', 'HTTP_SYNTAX'])
  expect(bodyOf(await talk(addresses[0]!, uwsgiRequest('/')))).toBe('ok')
})

test('uWSGI switches, management packets and bad lengths are refused with the reason', async () => {
  const { addresses, errors } = await startGateway([`uwsgi://unix:${freshFolder()}/s.sock`], text('ok'))
  const [address] = addresses as [string]
  expect(await talk(address, uwsgiRequest('/', { UWSGI_FILE: '/etc/passwd' }))).toMatch(
    /^HTTP\/1\.1 403 [^]*UWSGI_VARIABLE/,
  )
  const reload = uwsgiRequest('/')
  reload[0] = 98
  expect(await talk(address, reload)).toBe('')
  expect(await talk(address, uwsgiRequest('/', { CONTENT_LENGTH: '12abc' }))).toMatch(
    /^HTTP\/1\.1 400 [^]*CONTENT_LENGTH_BAD/,
  )
  expect(errors.map(({ code }) => code)).toEqual(['UWSGI_VARIABLE', 'WRONG_PROTOCOL', 'CONTENT_LENGTH_BAD'])
})

test('HTTP_PROXY never reaches an app', async () => {
  const { addresses } = await startGateway(['127.0.0.1:0'], (exchange) =>
    text(String('HTTP_PROXY' in exchange.variables))(exchange),
  )
  expect(bodyOf(await talk(addresses[0]!, uwsgiRequest('/', { HTTP_PROXY: 'http://evil' })))).toBe('false')
  const request = 'GET / HTTP/1.1\r\nHost: h\r\nProxy: http://evil\r\nConnection: close\r\n\r\n'
  expect(bodyOf(await talk(addresses[0]!, request))).toBe('false')
})

test('a gateway protocol on an open address needs its peers named', async () => {
  await expect(startGateway(['uwsgi://0.0.0.0:0'], text('x'))).rejects.toMatchObject({
    code: 'ALLOW_REQUIRED',
    path: 'listen.0.allow',
  })
})

test('an open address without a protocol takes HTTP only', async () => {
  const { gateway, errors } = await startGateway(['0.0.0.0:0'], text('ok'))
  const [bound] = gateway.addresses
  expect(bound!.protocols).toEqual(['http'])
  const address = bound!.text.replace('0.0.0.0', '127.0.0.1')
  expect(bodyOf(await talk(address, httpRequest))).toBe('ok')
  expect(await talk(address, uwsgiRequest('/'))).toMatch(/^HTTP\/1\.1 400/)
  expect(errors).toMatchObject([{ code: 'WRONG_PROTOCOL' }])
})

test('who is not in `allow` is turned away', async () => {
  const { addresses, errors } = await startGateway(
    [
      { address: 'uwsgi://127.0.0.1:0', allow: ['10.0.0.0/8'] },
      { address: 'uwsgi://127.0.0.1:0', allow: ['127.0.0.0/8'] },
    ],
    text('ok'),
  )
  expect(await talk(addresses[0]!, uwsgiRequest('/'))).toBe('')
  expect(errors).toMatchObject([{ code: 'PEER_REFUSED', peer: '127.0.0.1' }])
  expect(bodyOf(await talk(addresses[1]!, uwsgiRequest('/')))).toBe('ok')
})
