// The layer `compress`.
import { setImmediate as turn } from 'node:timers/promises'
import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createZstdDecompress,
  gunzipSync,
  zstdDecompressSync,
} from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { processorTime } from '../harness.ts'
import { AppError } from '../../sidecar/errors.ts'
import type { Exchange } from '../../sidecar/exchange.ts'
import { compress } from '../../sidecar/middleware/compress.ts'
import { CODINGS, negotiate, type Coding } from '../../sidecar/middleware/compress/negotiate.ts'
import { MediaTypes } from '../../sidecar/middleware/media-types.ts'
import type { TestRequest } from '../exchange.ts'
import { layered, type App } from './layer.ts'

const decoders = { zstd: zstdDecompressSync, br: brotliDecompressSync, gzip: gunzipSync }
const decoder = (coding: string | undefined, body: Buffer): string =>
  coding === undefined ? body.toString() : decoders[coding as Coding](body).toString()

/** 5,000 bytes that get shorter. */
const TEXT = 'a line of text\n'.repeat(400).slice(0, 5000)

type Fields = readonly (readonly [string, string])[]
const page =
  (headers: Fields = [['Content-Type', 'text/html']], body: string = TEXT, status = 200): App =>
  (exchange) => {
    exchange.respond({ status, reason: '', headers })
    exchange.end(body)
  }

const wants = (coding: string): TestRequest => ({ headers: { 'Accept-Encoding': coding } })

describe('negotiation', () => {
  test.each<[string | undefined, Coding | undefined]>([
    [undefined, undefined],
    ['', undefined],
    ['identity', undefined],
    ['deflate', undefined],
    [';q=1', undefined],
    ['"gzip"', undefined],
    ['*', 'zstd'],
    ['gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['x-gzip', 'gzip'],
    ['gzip;q=0.001', 'gzip'],
    ['gzip;Q=0.5', 'gzip'],
    ['gzip ; q=0.5', 'gzip'],
    ['gzip,,br;q=0.1', 'gzip'],
    ['br, gzip', 'br'],
    ['gzip,,br', 'br'],
    ['gzip;q=0', undefined],
    ['gzip; q=0', undefined],
    ['*;q=0', undefined],
    ['identity;q=0', undefined],
    ['identity;q=0, *;q=0', undefined],
    ['gzip, *;q=0', 'gzip'],
    ['gzip;q=1.0, identity;q=0.5, *;q=0', 'gzip'],
    ['gzip;q=0.5, br;q=0.4', 'gzip'],
    ['br;q=0, *', 'zstd'],
    ['identity;q=1, gzip;q=0.5', undefined],
    ['identity, gzip', 'gzip'],
    ['gzip;q=2', undefined],
    ['gzip;q=', undefined],
    ['gzip;q=0.1234', undefined],
    ['gzip;q=nan', undefined],
    ['gzip;q=0, gzip', undefined],
    ['gzip, deflate, br, zstd', 'zstd'],
  ])('%j gives %s', (accept, coding) => {
    expect(negotiate(accept, CODINGS)).toBe(coding)
  })

  test('the order is that of the settings', () => {
    expect(negotiate('gzip, br, zstd', ['gzip', 'br'])).toBe('gzip')
  })

  test.each([
    ['of many elements', Array.from({ length: 6000 }, (_, index) => `x${index};q=0.1`).join(',')],
    ['of white space', `gzip${' '.repeat(60_000)}x`],
    ['of semicolons', `gzip${' ;'.repeat(30_000)}`],
    ['of one name', 'x'.repeat(60_000)],
  ])('a field of 60,000 bytes %s takes no time', async (_, accept) => {
    const choose = (): void => {
      for (let i = 0; i < 20; i++) expect(negotiate(accept, CODINGS)).toBe(undefined)
    }
    expect(await processorTime(choose)).toBeLessThan(200)
  })
})

test.each([
  ['text/html; charset=utf-8', true],
  ['TEXT/HTML', true],
  ['application/vnd.api+json', true],
  ['application/json', true],
  ['application/jsonx', false],
  ['image/png', false],
  ['text', false],
  ['', false],
])('%j is among the types: %s', (type, among) => {
  expect(new MediaTypes(['text/*', '*+json', 'application/json']).has(type)).toBe(among)
})

describe.each(CODINGS)('%s', (coding) => {
  test('a response in one piece is compressed in one piece', async () => {
    const { ask } = await layered(compress, {}, page())
    const { response, carrier } = ask(wants(coding))
    const { body, header } = await response
    expect(header('content-encoding')).toBe(coding)
    expect([header('content-length'), header('vary')]).toEqual([String(body.length), 'Accept-Encoding'])
    expect(body.length).toBeLessThan(1000)
    expect(decoder(coding, body)).toBe(TEXT)
    expect(carrier.calls).toEqual(['start+last'])
  })

  test('a large one is compressed by another thread', async () => {
    const text = TEXT.repeat(20)
    const { ask } = await layered(compress, {}, page(undefined, text))
    const { body, header } = await ask(wants(coding)).response
    expect([header('content-encoding'), header('content-length')]).toEqual([coding, undefined])
    expect(decoder(coding, body)).toBe(text)
  })

  test('what is written is there at once, whenever the app writes no more for now', async () => {
    const decoding = { zstd: createZstdDecompress, br: createBrotliDecompress, gzip: createGunzip }[coding]()
    let seen = ''
    decoding.setEncoding('utf8').on('data', (piece: string) => (seen += piece))
    let exchange: Exchange | undefined
    const { ask } = await layered(compress, { eventStreams: true }, (one) => {
      exchange = one
      one.respond({ status: 200, reason: '', headers: [['Content-Type', 'text/event-stream']] })
      one.flush()
    })
    const { carrier, response } = ask(wants(coding))
    expect(carrier.calls).toEqual(['start'])
    let passed = 0
    for (let event = 1; event <= 5; event++) {
      exchange!.write(`data: ${event}\n`)
      exchange!.write('\n')
      await carrier.until(() => {
        while (passed < carrier.chunks.length) decoding.write(carrier.chunks[passed++])
        return carrier.chunks.length > 0
      })
      while (!seen.endsWith(`data: ${event}\n\n`)) {
        await turn()
        while (passed < carrier.chunks.length) decoding.write(carrier.chunks[passed++])
      }
    }
    exchange!.end()
    expect(decoder(coding, (await response).body)).toBe(seen)
  })

  test('a body that is cut is cut', async () => {
    const { ask } = await layered(compress, {}, async (exchange) => {
      exchange.respond({ status: 200, reason: '', headers: [['Content-Type', 'text/plain']] })
      exchange.flush()
      exchange.write(TEXT)
      await turn()
      exchange.fail(new AppError('APP_RAISED', 'no'))
    })
    const { response, errors } = ask(wants(coding))
    const { body, cut } = await response
    expect([cut, errors.map(({ code }) => code)]).toEqual([true, ['APP_RAISED']])
    expect(() => decoder(coding, body)).toThrow(/unexpected end|Decompression failed|Z_BUF/i)
  })
})

describe('what is sent as it is', () => {
  test.each<[string, App]>([
    ['a part', page([['Content-Type', 'text/html']], TEXT, 206)],
    [
      'what is encoded',
      page([
        ['Content-Type', 'text/html'],
        ['Content-Encoding', 'br'],
      ]),
    ],
    [
      'what says no-transform',
      page([
        ['Content-Type', 'text/html'],
        ['Cache-Control', 'public, no-transform'],
      ]),
    ],
    ['an image', page([['Content-Type', 'image/png']])],
    ['what has no type', page([])],
    ['little', page(undefined, 'x'.repeat(1023))],
    ['events', page([['Content-Type', 'text/event-stream; charset=utf-8']])],
    [
      'what has a Content-Range',
      page([
        ['Content-Type', 'text/html'],
        ['Content-Range', 'bytes 0-4999/9000'],
      ]),
    ],
  ])('%s', async (_, app) => {
    const bare = await layered(compress, { types: ['image/gif'] }, app)
    const { ask } = await layered(compress, {}, app)
    const { headers, body } = await ask(wants('gzip')).response
    const expected = await bare.ask().response
    expect([headers, body]).toEqual([expected.headers, expected.body])
  })

  test.each([204, 304])('nothing, of a %d', async (status) => {
    const { ask } = await layered(compress, {}, (exchange) => {
      exchange.respond({ status, reason: '', headers: [['Content-Type', 'text/html']] })
      exchange.end()
    })
    expect((await ask(wants('gzip')).response).header('content-encoding')).toBe(undefined)
  })

  test('what a client asks not to transform', async () => {
    const { ask } = await layered(compress, {}, page())
    const { response } = ask({ headers: { 'Accept-Encoding': 'gzip', 'Cache-Control': 'max-age=0, no-transform' } })
    expect((await response).header('content-encoding')).toBe(undefined)
  })

  test('what gets no shorter', async () => {
    const { ask } = await layered(compress, {}, (exchange) => {
      exchange.respond({
        status: 200,
        reason: '',
        headers: [
          ['Content-Type', 'text/plain'],
          ['ETag', '"a"'],
        ],
      })
      exchange.end(noise(2000))
    })
    const { header } = await ask(wants('zstd')).response
    expect([header('content-encoding'), header('content-length'), header('etag'), header('vary')]).toEqual([
      undefined,
      '2000',
      '"a"',
      'Accept-Encoding',
    ])
  })

  test('what comes in pieces when too many do', async () => {
    const open: Exchange[] = []
    const { ask } = await layered(compress, { streams: 1 }, (exchange) => {
      open.push(exchange)
      exchange.respond({ status: 200, reason: '', headers: [['Content-Type', 'text/plain']] })
      exchange.write(TEXT)
    })
    const first = ask(wants('gzip'))
    const second = ask(wants('gzip'))
    for (const exchange of open) exchange.end()
    expect((await second.response).body.toString()).toBe(TEXT)
    expect((await second.response).header('vary')).toBe('Accept-Encoding')
    expect((await first.response).header('content-encoding')).toBe('gzip')
    const third = ask(wants('gzip'))
    open.at(-1)!.end()
    expect((await third.response).header('content-encoding')).toBe('gzip')
  })
})

/** Bytes in which nothing comes twice, near enough. */
function noise(size: number): Buffer {
  let state = 88_172_645
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[at] = state & 255
  }
  return bytes
}

test('what is said of the other form is not said of this one', async () => {
  const fields: Fields = [
    ['Content-Type', 'text/html'],
    ['ETag', '"a"'],
    ['Accept-Ranges', 'bytes'],
    ['Content-Length', '5000'],
    ['Vary', 'Cookie'],
    ['Content-Encoding', 'identity'],
    ['Digest', 'x'],
    ['Content-MD5', 'x'],
    ['Repr-Digest', 'x'],
    ['Content-Digest', 'x'],
  ]
  const { ask } = await layered(compress, {}, page(fields))
  const { headers, body } = await ask(wants('gzip')).response
  expect(headers).toEqual([
    ['Content-Type', 'text/html'],
    ['Vary', 'Cookie, Accept-Encoding'],
    ['ETag', 'W/"a"'],
    ['Content-Encoding', 'gzip'],
    ['Content-Length', String(body.length)],
  ])
})

test.each([
  ['W/"a"', 'W/"a"'],
  ['"a"', '"a"'],
])('of 304 for %s the tag is %s, and it varies', async (asked, tag) => {
  const { ask } = await layered(compress, {}, (exchange) => {
    exchange.respond({ status: 304, reason: '', headers: [['ETag', '"a"']] })
    exchange.end()
  })
  const { header } = await ask({ headers: { 'Accept-Encoding': 'gzip', 'If-None-Match': asked } }).response
  expect([header('etag'), header('vary')]).toEqual([tag, 'Accept-Encoding'])
})

test('a client that wants no coding is told that others may get one', async () => {
  const { ask } = await layered(
    compress,
    {},
    page([
      ['Content-Type', 'text/html'],
      ['Vary', 'accept-encoding'],
    ]),
  )
  const { header, body } = await ask().response
  expect([header('vary'), header('content-length'), body.toString()]).toEqual(['accept-encoding', '5000', TEXT])
})

test('HEAD has the head of GET, without its length', async () => {
  const { ask } = await layered(
    compress,
    {},
    page([
      ['Content-Type', 'text/html'],
      ['Content-Length', '5000'],
    ]),
  )
  const { header, body } = await ask({ ...wants('br'), method: 'HEAD' }).response
  expect([header('content-encoding'), header('content-length'), body.length]).toEqual(['br', undefined, 0])
})

test('behind another one it is compressed once', async () => {
  const inside = await layered(compress, {}, page())
  const { ask } = await layered(compress, {}, (exchange) => {
    const { layer } = inside
    return layer.handle(exchange, (one) => void page()(one))
  })
  const { body, header } = await ask(wants('gzip')).response
  expect([header('content-encoding'), gunzipSync(body).toString()]).toEqual(['gzip', TEXT])
})

test('an app that writes into its memory anew spoils nothing', async () => {
  const { ask } = await layered(compress, {}, async (exchange) => {
    exchange.respond({ status: 200, reason: '', headers: [['Content-Type', 'text/plain']] })
    const memory = Buffer.alloc(20_000)
    for (const letter of 'abc') {
      memory.fill(letter)
      exchange.write(memory)
    }
    exchange.end()
  })
  const { body } = await ask(wants('gzip')).response
  expect(gunzipSync(body).toString()).toBe('a'.repeat(20_000) + 'b'.repeat(20_000) + 'c'.repeat(20_000))
})

test('a slow client stops the app, and one that takes more has it go on', async () => {
  let written = 0
  const block = noise(65_536)
  const { ask } = await layered(compress, { codings: ['gzip'], gzip: 1 }, async (exchange) => {
    exchange.respond({ status: 200, reason: '', headers: [['Content-Type', 'text/plain']] })
    for (; written < 200; written++) await exchange.send(block)
    exchange.end()
  })
  const { carrier, response } = ask({ ...wants('gzip'), slow: true })
  await carrier.until(({ calls }) => calls.length > 0)
  for (let i = 0; i < 50; i++) await turn()
  expect(written).toBeLessThan(20)
  carrier.drain()
  expect(gunzipSync((await response).body).length).toBe(200 * 65_536)
})

test('a client that goes away stops the compressor, and the app is told', async () => {
  let told = false
  const { ask } = await layered(compress, { streams: 1 }, (exchange) => {
    exchange.onAbort(() => (told = true))
    exchange.respond({ status: 200, reason: '', headers: [['Content-Type', 'text/plain']] })
    exchange.write(TEXT)
  })
  const first = ask(wants('gzip'))
  first.hangUp()
  expect([(await first.response).cut, told, first.errors]).toEqual([true, true, []])
  await turn()
  await turn()
  const second = ask(wants('gzip'))
  await second.carrier.until(({ head }) => head !== undefined)
  expect(second.carrier.head!.headers).toContainEqual(['Content-Encoding', 'gzip'])
  second.hangUp()
})

test('an error page takes the place of what was not sent yet', async () => {
  const { ask } = await layered(compress, {}, (exchange) => {
    exchange.respond({
      status: 200,
      reason: '',
      headers: [
        ['Content-Type', 'text/plain'],
        ['Content-Length', '9000'],
      ],
    })
    exchange.write(TEXT)
    throw new AppError('APP_RAISED', 'no')
  })
  const { status, body, header } = await ask(wants('gzip')).response
  expect([status, header('content-encoding')]).toEqual([500, undefined])
  expect(body.toString()).toContain('APP_RAISED')
})

test('interim responses and the end of a connection pass', async () => {
  const { ask } = await layered(compress, {}, (exchange) => {
    exchange.closeAfter()
    exchange.interim({ status: 103, reason: 'Early Hints', headers: [] })
    return page()(exchange)
  })
  expect((await ask(wants('gzip')).response).status).toBe(200)
})

test('what comes out is what was written, whatever the pieces, the pace and the client', async () => {
  const piece = fc.record({
    size: fc.integer({ min: 0, max: 90_000 }),
    letter: fc.integer({ min: 0, max: 255 }),
    wait: fc.boolean(),
  })
  const property = fc.asyncProperty(
    fc.array(piece, { maxLength: 8 }),
    fc.constantFrom(...CODINGS),
    fc.boolean(),
    fc.boolean(),
    async (pieces, coding, slow, announced) => {
      const bytes = pieces.map(({ size, letter }) => Buffer.alloc(size, Buffer.from([letter, 1, 2])))
      const whole = Buffer.concat(bytes)
      const { ask } = await layered(compress, {}, async (exchange) => {
        const length: Fields = announced ? [['Content-Length', String(whole.length)]] : []
        exchange.respond({ status: 200, reason: '', headers: [['Content-Type', 'text/plain'], ...length] })
        for (const [index, { wait }] of pieces.entries()) {
          if (wait) await turn()
          await exchange.send(bytes[index]!)
        }
        exchange.end()
      })
      const { response, carrier, exchange, errors } = ask({ ...wants(coding), slow })
      while (!exchange.over) {
        await turn()
        if (slow) carrier.drain(true)
      }
      const { body, header, cut } = await response
      const decoded = header('content-encoding') === undefined ? body : decoders[coding](body)
      expect([cut, errors, decoded.equals(whole)]).toEqual([false, [], true])
    },
  )
  await fc.assert(property, { numRuns: 30 })
})
