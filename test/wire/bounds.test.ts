// Peers that never come to an end: each is stopped by a bound, early, and what is kept until then stays small.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { processorTime } from '../harness.ts'
import { PeerError } from '../../sidecar/errors.ts'
import { ajp } from '../../sidecar/wire/ajp.ts'
import { fastcgi } from '../../sidecar/wire/fastcgi.ts'
import { http } from '../../sidecar/wire/http.ts'
import { scgi } from '../../sidecar/wire/scgi.ts'
import { uwsgi } from '../../sidecar/wire/uwsgi.ts'
import { ajpAnswer, ajpBody, begin, forward, netstring, packet, pair, record, request } from './build.ts'
import { bytewise, random, randomly, seed, whole } from './splits.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const MB = 1024 * 1024
const GET = { REQUEST_METHOD: 'GET' }

/** Sends `bytes` again and again until the codec has enough, at most `limit` bytes of them. */
function flood(
  receiver: { receive(bytes: Uint8Array): unknown[] },
  bytes: Buffer,
  limit = 64 * MB,
): { sent: number; error: PeerError } {
  for (let sent = 0; sent <= limit; sent += bytes.length) {
    try {
      receiver.receive(bytes)
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      return { sent, error }
    }
  }
  throw new Error(`no end after ${limit} bytes`)
}

function serverAfter(...parts: Buffer[]): ReturnType<typeof fastcgi.server> {
  const server = fastcgi.server()
  for (const part of parts) server.receive(part)
  return server
}

describe('FastCGI server', () => {
  test.each([
    ['in large records', record(4, 1, pair('X', 'y'.repeat(60_000)))],
    ['in records of one byte', record(4, 1, 'x')],
    ['in records of one byte with all padding', record(4, 1, 'x', 255)],
  ])('PARAMS without end, %s', (_, bytes) => {
    const { error, sent } = flood(serverAfter(begin(1)), bytes)
    expect(error).toMatchObject({ code: 'FASTCGI_PARAMS', status: 431 })
    expect(sent).toBeLessThan(1.1 * MB)
  })

  test('very many variables', () => {
    const many = Buffer.concat(Array.from({ length: 1025 }, (_, index) => pair(`V${index}`, '')))
    const server = serverAfter(begin(1), record(4, 1, many))
    expect(() => server.receive(record(4, 1))).toThrow(expect.objectContaining({ code: 'FASTCGI_PARAMS', status: 431 }))
  })

  test('a long GET_VALUES', () => {
    expect(() => serverAfter().receive(record(9, 0, pair('X', 'y'.repeat(2000))))).toThrow(
      expect.objectContaining({ code: 'FASTCGI_PARAMS' }),
    )
  })

  test('names that are never the same twice are not all remembered', () => {
    const before = held()
    for (let round = 0; round < 60; round++) {
      const server = fastcgi.server()
      const names = Array.from({ length: 1000 }, (_, index) => pair(`HTTP_X_${round}_${index}_${'n'.repeat(100)}`, ''))
      server.receive(
        Buffer.concat([
          begin(1),
          ...cut(Buffer.concat(names)).map((part) => record(4, 1, part)),
          record(4, 1),
          record(5, 1),
        ]),
      )
    }
    expect(held() - before).toBeLessThan(8 * MB)
  })

  test('requests answered before they end, and requests turned away, leave little behind', () => {
    const server = fastcgi.server()
    const before = held()
    for (let id = 1; id < 15_000; id++) {
      server.receive(request(id, { CONTENT_LENGTH: '5' }))
      server.start(id, { status: 200, reason: 'OK', headers: [] }, undefined, true)
      server.receive(begin(id, { role: 9 }))
    }
    expect(held() - before).toBeLessThan(4 * MB)
    expect(() => server.receive(record(5, 1, 'x'))).toThrow(expect.objectContaining({ code: 'FASTCGI_RECORD' }))
  })

  test('a body of 64 MB is handed on, not kept', () => {
    const server = serverAfter(request(1, GET))
    const chunk = record(5, 1, Buffer.alloc(32_768))
    const before = held()
    for (let sent = 0; sent < 64 * MB; sent += 32_768) expect(server.receive(chunk).length).toBeGreaterThan(0)
    expect(held() - before).toBeLessThan(4 * MB)
  })
})

describe('uwsgi server', () => {
  test('a packet that comes in single bytes is bounded by its own size', () => {
    const server = uwsgi.server()
    server.receive(Buffer.from([0, 255, 255, 0]))
    const { error, sent } = flood(server, Buffer.from([0]), MB)
    expect(error.code).toBe('UWSGI_BLOCK')
    expect(sent).toBe(65_534)
  })

  test('very many variables', () => {
    const many = Object.fromEntries(Array.from({ length: 1025 }, (_, index) => [`V${index}`, '']))
    expect(() => uwsgi.server().receive(packet(many))).toThrow(
      expect.objectContaining({ code: 'UWSGI_BLOCK', status: 431 }),
    )
  })
})

describe('SCGI server', () => {
  test('a netstring that is too long is refused with its length', () => {
    expect(() => scgi.server().receive(Buffer.from('262145:'))).toThrow(
      expect.objectContaining({ code: 'SCGI_BLOCK', status: 431 }),
    )
  })

  test('digits without end', () => {
    expect(flood(scgi.server(), Buffer.from('1')).sent).toBe(10)
  })

  test('a netstring that comes in single bytes is bounded by its own length, and read in linear time', async () => {
    const server = scgi.server()
    server.receive(Buffer.from('262144:'))
    const taken = await processorTime(() => {
      const { error, sent } = flood(server, Buffer.from('x'), MB)
      expect(error).toMatchObject({ code: 'SCGI_BLOCK', status: 400 })
      expect(sent).toBe(262_144)
    })
    expect(taken).toBeLessThan(10_000)
  })

  test('very many variables', () => {
    const many = Object.fromEntries(Array.from({ length: 1025 }, (_, index) => [`V${index}`, '']))
    expect(() => scgi.server().receive(netstring(many))).toThrow(
      expect.objectContaining({ code: 'SCGI_BLOCK', status: 431 }),
    )
  })

  test('bytes behind the body are dropped, not kept', () => {
    const server = scgi.server()
    server.receive(netstring({ CONTENT_LENGTH: '0' }))
    const chunk = Buffer.alloc(65_536)
    const before = held()
    for (let sent = 0; sent < 64 * MB; sent += 65_536) expect(server.receive(chunk)).toEqual([])
    expect(held() - before).toBeLessThan(4 * MB)
  })
})

describe('AJP server', () => {
  test('a packet that comes in single bytes is bounded by its own length', () => {
    const server = ajp.server()
    server.receive(Buffer.from([0x12, 0x34, 0xff, 0xff, 2]))
    expect(flood(server, Buffer.from([2]), MB).sent).toBe(65_533)
  })

  test('very many header fields', () => {
    const headers = Array.from({ length: 1025 }, (_, index): [string, string] => [`x-${index}`, ''])
    expect(() => ajp.server().receive(forward({ headers }))).toThrow(
      expect.objectContaining({ code: 'AJP_HEADER', status: 431 }),
    )
  })

  test('empty packets between requests', () => {
    const server = ajp.server()
    server.receive(forward())
    server.start(1, { status: 200, reason: 'OK', headers: [] }, undefined, true)
    expect(flood(server, Buffer.from([0x12, 0x34, 0, 0])).sent).toBe(4)
  })

  test('a body of 64 MB is handed on, not kept', () => {
    const server = ajp.server()
    server.receive(forward({ method: 4, headers: [['transfer-encoding', 'chunked']] }))
    const chunk = ajpBody('x'.repeat(8186))
    const before = held()
    for (let sent = 0; sent < 64 * MB; sent += 8186) expect(server.receive(chunk)).toHaveLength(1)
    expect(held() - before).toBeLessThan(4 * MB)
  })
})

describe('HTTP server', () => {
  const KB = 1024
  const HEAD = 64 * KB
  const line = 'GET / HTTP/1.1\r\nHost: h\r\n'
  const post = 'POST / HTTP/1.1\r\nHost: h\r\n'
  const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n`
  const cuts = [whole, bytewise, randomly(random(seed))]
  const run = (text: string): { server: ReturnType<typeof http.server>; types: string[] }[] =>
    cuts.map((into) => {
      const server = http.server()
      const types = into(Buffer.from(text, 'latin1')).flatMap((piece) => server.receive(piece).map(({ type }) => type))
      return { server, types }
    })
  const tooLarge = expect.objectContaining({ code: 'HEAD_TOO_LARGE', status: 431 }) as unknown
  const syntax = expect.objectContaining({ code: 'HTTP_SYNTAX', status: 400 }) as unknown

  /** A head of `size` bytes, without the empty line. */
  const headOf = (size: number): string => `${line}X: ${'x'.repeat(size - line.length - 5)}\r\n`

  test('a head of 64 KB, to the byte', () => {
    for (const { types } of run(`${headOf(HEAD + 2)}\r\n`)) expect(types).toEqual(['request', 'end'])
    expect(headOf(HEAD + 2)).toHaveLength(HEAD + 2)
    expect(() => run(`${headOf(HEAD + 3)}\r\n`)).toThrow(tooLarge)
    for (const into of cuts) {
      const server = http.server()
      for (const piece of into(Buffer.from(`${headOf(HEAD + 2)}\r`))) server.receive(piece)
      expect(() => server.receive(Buffer.from('xx'))).toThrow(tooLarge)
    }
  })

  test.each([
    ['in large pieces', `X: ${'y'.repeat(8000)}\r\n`],
    ['in small lines', 'X: y\r\n'],
    ['one line, byte by byte', 'x'],
  ])('a head without end, %s', async (_, more) => {
    const server = http.server()
    server.receive(Buffer.from(line))
    const taken = await processorTime(() => {
      const { error, sent } = flood(server, Buffer.from(more), MB)
      expect(error).toEqual(tooLarge)
      expect(sent).toBeLessThan(HEAD + 8100)
    })
    // Linear: a search of all that came for every byte takes minutes.
    expect(taken).toBeLessThan(10_000)
  })

  test('a method, or a target, without end', () => {
    expect(flood(http.server(), Buffer.from('A'), MB).error).toEqual(tooLarge)
    const server = http.server()
    server.receive(Buffer.from('GET /'))
    expect(flood(server, Buffer.from('a'), MB).error).toEqual(tooLarge)
  })

  test('1024 fields', () => {
    const fields = (count: number): string => `${line}${'X:\r\n'.repeat(count - 1)}\r\n`
    for (const { types } of run(fields(1024))) expect(types).toEqual(['request', 'end'])
    expect(() => run(fields(1025))).toThrow(tooLarge)
  })

  test.each<[string, number, (size: number) => string]>([
    ['a chunk extension', 16 * KB - 2, (size) => `1;${'x'.repeat(size - 1)}\r\na\r\n`],
    ['extensions of all chunks', 16 * KB, (size) => '1;x\r\na\r\n'.repeat(size / 2)],
    ['a trailer field', 16 * KB - 1, (size) => `0\r\nX:${'x'.repeat(size - 2)}\r\n`],
    ['trailer fields together', 16 * KB, (size) => `0\r\n${'X:\r\n'.repeat(size / 2)}`],
  ])('%s', (_, most, text) => {
    for (const { types } of run(chunked + text(most))) expect(types[0]).toBe('request')
    expect(() => run(chunked + text(most + 2))).toThrow(syntax)
  })

  test.each([
    ['a chunk size without end', '0'],
    ['an extension without end', '1;xxxxxx'],
  ])('%s', (_, more) => {
    const server = http.server()
    server.receive(Buffer.from(chunked))
    const { error, sent } = flood(server, Buffer.from(more), MB)
    expect(error).toEqual(syntax)
    expect(sent).toBeLessThan(16 * KB + 8)
  })

  test.each<[string, string, Buffer]>([
    ['with a length', `${post}Content-Length: 1000000000\r\n\r\n`, Buffer.alloc(64 * KB)],
    ['in chunks', chunked, Buffer.from(`8000\r\n${'x'.repeat(0x8000)}\r\n`)],
    ['in chunks of one byte', chunked, Buffer.from('1\r\nx\r\n')],
  ])('a body %s is handed on, not kept', (_, head, bytes) => {
    const server = http.server()
    server.receive(Buffer.from(head))
    const before = held()
    const limit = bytes.length > KB ? 64 * MB : MB
    for (let sent = 0; sent < limit; sent += bytes.length) expect(server.receive(bytes).length).toBeGreaterThan(0)
    expect(held() - before).toBeLessThan(4 * MB)
  })

  test('five hundred connections whose heads drip keep what came, twice at most', () => {
    const before = held()
    const size = 4 * KB
    const servers = Array.from({ length: 500 }, () => http.server())
    for (const server of servers) for (const byte of bytewise(Buffer.from(headOf(size)))) server.receive(byte)
    expect(held() - before).toBeLessThan(servers.length * 2.5 * size)
    for (const server of servers) expect(server.receive(Buffer.from('\r\n'))).toHaveLength(2)
  })

  test('a byte of a next request does not keep the read that it came in', () => {
    const body = `${post}Content-Length: ${60 * KB}\r\n\r\n${'x'.repeat(60 * KB)}`
    const before = held()
    const servers = Array.from({ length: 500 }, () => {
      const server = http.server()
      server.receive(Buffer.from(`${body}G`))
      return server
    })
    expect(held() - before).toBeLessThan(8 * MB)
    expect(servers.every(({ pending }) => pending)).toBe(true)
  })

  test('names that are never the same twice keep no heads', () => {
    const before = held()
    for (let round = 0; round < 3000; round++) {
      const server = http.server()
      server.receive(Buffer.from(`${line}X-Round-Number-${round}: ${'v'.repeat(60_000)}\r\n\r\n`))
    }
    expect(held() - before).toBeLessThan(8 * MB)
  })
})

describe('clients', () => {
  test('AJP: a packet without end is bounded by its length, a body is handed on', () => {
    const client = ajp.client()
    client.request(GET, 0)
    client.receive(ajpAnswer(4, 0, 200, 0, 2, 'OK', 0, 0, 0))
    const chunk = ajpAnswer(3, 0x1f, 0xf8, 'x'.repeat(8184), 0)
    const before = held()
    for (let sent = 0; sent < 64 * MB; sent += 8184) expect(client.receive(chunk)).toHaveLength(1)
    expect(held() - before).toBeLessThan(4 * MB)
    client.receive(Buffer.from([0x41, 0x42, 0xff, 0xff, 1]))
    expect(flood(client, Buffer.from([1]), MB)).toMatchObject({ sent: 65_533, error: { code: 'AJP_PACKET' } })
  })

  test.each<[string, 'fastcgi' | 'scgi' | 'uwsgi', Buffer]>([
    ['FastCGI, large records', 'fastcgi', record(6, 1, `X: ${'y'.repeat(8000)}\r\n`)],
    ['FastCGI, single bytes', 'fastcgi', record(6, 1, 'x')],
    ['uwsgi, large pieces', 'uwsgi', Buffer.from(`X: ${'y'.repeat(8000)}\r\n`)],
    ['uwsgi, single bytes', 'uwsgi', Buffer.from('x')],
    ['SCGI, large pieces', 'scgi', Buffer.from(`X: ${'y'.repeat(8000)}\r\n`)],
  ])('a response head without end: %s', async (_, protocol, bytes) => {
    const client = { fastcgi, scgi, uwsgi }[protocol]!.client()
    client.request(GET, 0)
    const taken = await processorTime(() => {
      expect(flood(client, bytes, 16 * MB).error).toMatchObject({ code: 'RESPONSE_HEAD', status: 502 })
    })
    // Linear: a quadratic search takes minutes.
    expect(taken).toBeLessThan(10_000)
  })

  test('STDERR without end is handed on, not kept', () => {
    const client = fastcgi.client()
    client.request(GET, 0)
    const bytes = record(7, 1, Buffer.alloc(32_768))
    const before = held()
    for (let sent = 0; sent < 32 * MB; sent += 32_768) expect(client.receive(bytes)).toHaveLength(1)
    expect(held() - before).toBeLessThan(4 * MB)
  })
})

/** Memory held after a collection; the second one waits until the buffers of the first are freed. */
function held(): number {
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function cut(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += 60_000) parts.push(bytes.subarray(at, at + 60_000))
  return parts
}
