// What a web server may put into the variables of a request, by every protocol that has variables; and that nothing of it depends on
// what others have sent before.
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import type { Exchange } from '../../sidecar/exchange.ts'
import type { Protocol } from '../../sidecar/wire/codec.ts'
import { fastcgi } from '../../sidecar/wire/fastcgi.ts'
import { scgi } from '../../sidecar/wire/scgi.ts'
import { uwsgi } from '../../sidecar/wire/uwsgi.ts'
import { startGateway } from './gateway.ts'
import { connectTo } from './peer.ts'

type Pairs = readonly (readonly [name: string, value: string])[]

const GET: Pairs = [
  ['REQUEST_METHOD', 'GET'],
  ['PATH_INFO', '/'],
  ['SERVER_PROTOCOL', 'HTTP/1.1'],
]

/** As bytes, also of what no client codec would write. */
const packets: Record<string, (pairs: Pairs) => Buffer> = {
  uwsgi(pairs) {
    const sized = (text: string): Buffer => {
      const bytes = Buffer.from(text, 'latin1')
      return Buffer.concat([Buffer.from([bytes.length & 255, bytes.length >> 8]), bytes])
    }
    const block = Buffer.concat(pairs.flat().map(sized))
    return Buffer.concat([Buffer.from([0, block.length & 255, block.length >> 8, 0]), block])
  },
  fastcgi(pairs) {
    const size = (length: number): Buffer =>
      length < 128 ? Buffer.from([length]) : Buffer.from([0x80, length >> 16, (length >> 8) & 255, length & 255])
    const text = pairs.flatMap(([name, value]) => [
      size(name.length),
      size(value.length),
      Buffer.from(name + value, 'latin1'),
    ])
    const record = (type: number, content: Buffer): Buffer =>
      Buffer.concat([Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, 0, 0]), content])
    const all = Buffer.concat(text)
    const pieces = [record(1, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]))]
    for (let at = 0; at < all.length; at += 60_000) pieces.push(record(4, all.subarray(at, at + 60_000)))
    return Buffer.concat([...pieces, record(4, Buffer.alloc(0)), record(5, Buffer.alloc(0))])
  },
  scgi(pairs) {
    const text = ['CONTENT_LENGTH', '0', 'SCGI', '1', ...pairs.flat()].map((part) => `${part}\0`).join('')
    return Buffer.from(`${text.length}:${text},`, 'latin1')
  },
}
const codecs: Record<string, Protocol> = { uwsgi, fastcgi, scgi }

function variables(exchange: Exchange): void {
  const body = JSON.stringify(exchange.variables)
  exchange.respond({ status: 200, reason: 'OK', headers: [] })
  exchange.end(body)
}

async function ask(address: string, protocol: string, pairs: Pairs): Promise<{ status: number; body: string }> {
  const codec = codecs[protocol]!.client()
  codec.request({ REQUEST_METHOD: 'GET' }, 0)
  const socket = await connectTo(address)
  socket.write(packets[protocol]!(pairs))
  const answer = { status: 0, body: '' }
  socket.on('data', (bytes: Buffer) => {
    for (const event of codec.receive(bytes)) {
      if (event.type === 'head') answer.status = event.head.status
      else if (event.type === 'body') answer.body += Buffer.from(event.bytes).toString()
    }
  })
  await once(socket, 'close')
  return answer
}

describe.each(['uwsgi', 'fastcgi', 'scgi'])('%s', (protocol) => {
  const given = async (pairs: Pairs): Promise<{ status: number; variables: Record<string, string> }> => {
    const { addresses } = await startGateway([`${protocol}://127.0.0.1:0`], variables)
    const { status, body } = await ask(addresses[0]!, protocol, [...GET, ...pairs])
    return { status, variables: status === 200 ? JSON.parse(body) : {} }
  }

  test.each(['HTTP_A B', 'HTTP_X\r\nY', 'HTTP_TRANSFER_ENCODING ', 'HTTP_A:B', 'HTTP_X(Y', 'HTTP_\xe9', 'A=B'])(
    'a variable called %j is refused',
    async (name) => {
      const { addresses, errors } = await startGateway([`${protocol}://127.0.0.1:0`], variables)
      const { status } = await ask(addresses[0]!, protocol, [...GET, [name, 'x']])
      expect([200, 502]).not.toContain(status)
      expect(errors).toMatchObject([{ code: 'VARIABLE_NAME', level: 'warn' }])
    },
  )

  // In SCGI a NUL ends what it stands in.
  const nuls: [string, string, string][] = [
    ['HTTP_A\0X\0REMOTE_USER', 'admin', 'VARIABLE_NAME'],
    ['HTTP_A', 'x\0REMOTE_USER\0admin', 'VARIABLE_NUL'],
    ['PATH_INFO', '/\0', 'VARIABLE_NUL'],
  ]
  test.each(protocol === 'scgi' ? [] : nuls)('a NUL: %j = %j is refused', async (name, value, code) => {
    const { addresses, errors } = await startGateway([`${protocol}://127.0.0.1:0`], variables)
    const { status } = await ask(addresses[0]!, protocol, [...GET, [name, value], ['HTTP_B', '']])
    expect(status).not.toBe(200)
    expect(errors).toMatchObject([{ code }])
  })

  test('fields that are lists are joined, cookies with their own mark; of others the last counts', async () => {
    const { variables: all } = await given([
      ['HTTP_HOST', 'a'],
      ['HTTP_HOST', 'b:81'],
      ['HTTP_X_A', '1'],
      ['HTTP_X_A', '2'],
      ['HTTP_COOKIE', 'a=1'],
      ['HTTP_COOKIE', 'b=2'],
      ['HTTP_USER_AGENT', 'one'],
      ['HTTP_USER_AGENT', 'two'],
      ['HTTP_AUTHORIZATION', 'one'],
      ['HTTP_AUTHORIZATION', 'two'],
      ['CONTENT_TYPE', 'a/b'],
      ['CONTENT_TYPE', 'c/d'],
      ['REMOTE_USER', 'ann'],
      ['REMOTE_USER', 'bob'],
    ])
    expect(all).toMatchObject({
      HTTP_HOST: 'b:81',
      SERVER_NAME: 'b',
      SERVER_PORT: '81',
      HTTP_X_A: '1, 2',
      HTTP_COOKIE: 'a=1; b=2',
      HTTP_USER_AGENT: 'two',
      HTTP_AUTHORIZATION: 'two',
      CONTENT_TYPE: 'c/d',
      REMOTE_USER: 'bob',
    })
  })

  test('what nginx repeats as fields, and httpoxy, is left out', async () => {
    const { variables: all } = await given([
      ['HTTP_CONTENT_LENGTH', '7'],
      ['HTTP_CONTENT_TYPE', 'a/b'],
      ['HTTP_PROXY', 'evil'],
      ['HTTP_X', 'x'],
    ])
    expect(Object.keys(all).filter((name) => name.startsWith('HTTP_'))).toEqual(['HTTP_X'])
  })

  test('without a method it is refused, with what may be the cause', async () => {
    const { addresses, errors } = await startGateway([`${protocol}://127.0.0.1:0`], variables)
    expect((await ask(addresses[0]!, protocol, [['REMOTE_USER', 'ann']])).status).toBe(400)
    expect(errors).toMatchObject([{ code: 'REQUEST_METHOD_MISSING', blame: 'peer' }])
  })

  test('after thousands of names that others made up, repeated ones are still noticed', async () => {
    const { addresses, errors } = await startGateway([`${protocol}://127.0.0.1:0`], variables)
    for (let request = 0; request < 10; request++) {
      const made: Pairs = Array.from({ length: 900 }, (_, index) => [
        `HTTP_${protocol.toUpperCase()}_${request}_${index}`,
        '',
      ])
      expect((await ask(addresses[0]!, protocol, [...GET, ...made])).status).toBe(200)
    }
    const late = `HTTP_X_LATE_${protocol.toUpperCase()}`
    const { body } = await ask(addresses[0]!, protocol, [
      ...GET,
      [late, '1'],
      ['HTTP_COOKIE', 'a=1'],
      [late, '2'],
      ['HTTP_COOKIE', 'b=2'],
    ])
    expect(JSON.parse(body)).toMatchObject({ [late]: '1, 2', HTTP_COOKIE: 'a=1; b=2' })
    const lengths: Pairs = [
      ['CONTENT_LENGTH', '1'],
      ['CONTENT_LENGTH', '2'],
    ]
    await ask(addresses[0]!, protocol, [...GET, ...lengths])
    expect(errors).toMatchObject([{ code: 'CONTENT_LENGTH_TWICE' }])
  })
})

test('an environ that is packed is taken apart where the gateway packed it, and nowhere else', async () => {
  const { addresses } = await startGateway(['uwsgi://127.0.0.1:0'], variables)
  const { body } = await ask(addresses[0]!, 'uwsgi', [...GET, ['SIDEGATE_ENVIRON', 'REMOTE_USER']])
  expect(JSON.parse(body)).toMatchObject({ SIDEGATE_ENVIRON: 'REMOTE_USER' })
})
