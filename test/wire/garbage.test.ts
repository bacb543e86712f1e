// Any bytes at all: a codec gives events or throws PeerError, says the same however they are cut, and stays dead after it threw.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PeerError } from '../../sidecar/errors.ts'
import type { ClientEvent, Protocol, ServerCodec, ServerEvent } from '../../sidecar/wire/codec.ts'
import { ajp } from '../../sidecar/wire/ajp.ts'
import { fastcgi } from '../../sidecar/wire/fastcgi.ts'
import { http } from '../../sidecar/wire/http.ts'
import { scgi } from '../../sidecar/wire/scgi.ts'
import { uwsgi } from '../../sidecar/wire/uwsgi.ts'
import { ajpAnswer, forward } from './build.ts'
import { bytesOf, captures } from './captures.ts'
import { OK } from './converse.ts'
import { makeConnection } from './http-requests.ts'
import { bytewise, random, randomly, seed, whole, type Cut } from './splits.ts'

interface Receiver {
  receive(bytes: Uint8Array): (ServerEvent | ClientEvent)[]
  receiveEnd(): unknown
}

/** What a codec says: events with their bytes joined, the code of the error, and what it did that no codec may. */
function say(
  receiver: Receiver,
  bytes: Uint8Array,
  cut: Cut,
): { events: unknown[]; code: string | undefined; wrong: string[] } {
  const events: { type: string; bytes?: Buffer }[] = []
  const wrong: string[] = []
  /** Runs `step`; gives the code of the PeerError it threw. */
  const attempt = (step: () => void): string | undefined => {
    try {
      step()
      return undefined
    } catch (error) {
      if (error instanceof PeerError) return error.code
      wrong.push(String(error))
      return 'NO_PEER_ERROR'
    }
  }
  const code = attempt(() => {
    for (const piece of cut(bytes)) {
      for (const event of receiver.receive(Buffer.from(piece))) {
        const last = events.at(-1)
        const own = 'bytes' in event ? { ...event, bytes: Buffer.from(event.bytes) } : event
        const joins = (event.type === 'body' || event.type === 'stderr') && last?.type === event.type
        if (joins) last.bytes = Buffer.concat([last.bytes!, (own as { bytes: Buffer }).bytes])
        else events.push(own as { type: string })
      }
    }
  })
  if (code !== undefined) {
    const after = [new Uint8Array(0), Uint8Array.of(1), bytes]
    if (after.some((more) => attempt(() => receiver.receive(more)) === undefined))
      wrong.push('it lives on after an error')
  }
  attempt(() => receiver.receiveEnd())
  return { events, code, wrong }
}

/** What is wrong with a codec that gets `bytes`: nothing, it is hoped. */
function faults(make: () => Receiver, bytes: Uint8Array, salt: number): unknown[] {
  const bit = say(make(), bytes, bytewise)
  return [whole, randomly(random(salt))].flatMap((cut) => {
    const heard = say(make(), bytes, cut)
    const found: unknown[] = [...bit.wrong, ...heard.wrong]
    if (heard.code !== bit.code) found.push(`${heard.code}, and ${bit.code} byte by byte`)
    // An error takes the events of its own call with it.
    else if (heard.code === undefined && !isDeepStrictEqual(heard.events, bit.events)) found.push({ heard, bit })
    return found
  })
}

function client(protocol: Pick<Protocol, 'client'>): Receiver {
  const made = protocol.client()
  made.request({ REQUEST_METHOD: 'GET' }, 0)
  return made
}

/** Answers each request when all of it is here, so that the next is read; where the connection is not kept, nothing more is. */
function answering(codec: ServerCodec): Receiver {
  let open = true
  const receive = (bytes: Uint8Array): ServerEvent[] => {
    if (!open) return []
    const events = codec.receive(bytes)
    const end = events.find(({ type }) => type === 'end') as { id: number } | undefined
    if (end) {
      codec.start(end.id, OK, undefined, true)
      open = codec.keepsOpen(end.id)
    }
    return codec.pending ? [...events, ...receive(new Uint8Array(0))] : events
  }
  return { receive, receiveEnd: () => codec.receiveEnd() }
}

const makers: [string, string, () => Receiver][] = [
  ['fastcgi', 'request', () => fastcgi.server()],
  ['uwsgi', 'request', () => uwsgi.server()],
  ['scgi', 'request', () => scgi.server()],
  ['ajp', 'request', () => ajp.server()],
  ['http', 'request', () => answering(http.server())],
  ['fastcgi', 'response', () => client(fastcgi)],
  ['scgi', 'response', () => client(scgi)],
  ['ajp', 'response', () => client(ajp)],
  ['uwsgi', 'response', () => client(uwsgi)],
  ['http', 'response', () => client(http)],
]

// Bytes that look like a beginning, so that more than the first check is met.
const likely = fc.oneof(
  fc.constantFrom(
    [1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0],
    [1, 4, 0, 1, 0, 4, 0, 0, 1, 1, 65, 66],
    [1, 4, 0, 1, 0, 0, 0, 0],
    [1, 5, 0, 1, 0, 0, 0, 0],
    [1, 5, 0, 1, 0, 2, 1, 0, 65, 66, 0],
    [1, 2, 0, 1, 0, 0, 0, 0],
    [1, 9, 0, 0, 0, 0, 0, 0],
    [1, 6, 0, 1, 0, 6, 0, 0, 65, 58, 49, 10, 10, 65],
    [1, 3, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [...Buffer.from('4:A\0B\0,')],
    [...Buffer.from('19:CONTENT_LENGTH\x003\0A\0,xyz')],
    [...forward({ method: 4, headers: [[8, '5']] })],
    [...forward({ method: 4, headers: [['transfer-encoding', 'chunked']] })],
    [0x12, 0x34, 0, 4, 0, 2, 65, 66],
    [0x12, 0x34, 0, 2, 0, 0],
    [0x12, 0x34, 0, 0],
    [0x12, 0x34, 0, 1, 10],
    [...ajpAnswer(4, 0, 200, 0, 2, 'OK', 0, 0, 1, 0xa0, 1, 0, 1, 'x', 0)],
    [...ajpAnswer(3, 0, 1, 'x', 0)],
    [...ajpAnswer(6, 31, 250)],
    [...ajpAnswer(5, 1)],
    [0, 6, 0, 0, 1, 0, 65, 1, 0, 66],
    [0, 6, 0, 0],
    [72, 84, 84, 80, 47, 49, 46, 49, 32, 50, 48, 48, 32, 79, 75, 13, 10, 13, 10],
  ),
  fc
    .constantFrom(
      'GET / HTTP/1.1\r\nHost: h\r\n',
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.0 200 OK\r\n\r\n',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 204 None\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n',
      'GET http://h:81/a?b HTTP/1.0\r\n',
      'OPTIONS * HTTP/1.1\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'GET /\r\n',
      'Host: h\r\n',
      'Content-Length: 5\r\n',
      'Content-Length: 5\r\n\r\nhello',
      'Transfer-Encoding: chunked\r\n\r\n',
      'Connection: keep-alive, close\r\n',
      'Expect: 100-continue\r\n',
      'X-A: b\r\n c\r\n',
      'X-A: b\0\r\n',
      '5\r\nhello\r\n',
      '5;a="\\""\r\nhello\r\n',
      '0\r\n\r\n',
      '0\r\nX-T: a\r\n\r\n',
      '\r\n',
      '\r',
      '\n',
      ' ',
      '\t',
    )
    .map((text) => [...Buffer.from(text)]),
  fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 24 }),
)
const garbage = fc.array(likely, { maxLength: 12 }).map((parts) => Uint8Array.from(parts.flat()))

/** A capture with bytes changed, dropped, repeated or put in. */
function mutated(bytes: Buffer, next: () => number): Buffer {
  let result = Buffer.from(bytes.subarray(0, 4096))
  const spot = (): number => Math.floor(next() ** 2 * result.length)
  for (let count = 1 + Math.floor(next() * 4); count > 0; count--) {
    const at = spot()
    const kind = next()
    if (kind < 0.5) result[at] = Math.floor(next() * 256)
    else if (kind < 0.65) result = result.subarray(0, at)
    else if (kind < 0.8)
      result = Buffer.concat([result.subarray(0, at), result.subarray(at + 1 + Math.floor(next() * 16))])
    else result = Buffer.concat([result.subarray(0, at), result.subarray(spot())])
    if (result.length === 0) break
  }
  return result
}

describe(`garbage (SIDEGATE_SEED=${seed})`, () => {
  test.each(makers)('%s %s: any bytes', (_, __, make) => {
    fc.assert(
      fc.property(garbage, fc.nat(), (bytes, salt) => {
        expect(faults(make, bytes, salt)).toEqual([])
      }),
      { seed, numRuns: 1500 },
    )
  })

  test.each(makers)('%s %s: captures with mistakes', (protocol, direction, make) => {
    const next = random(seed)
    // The answers of uwsgi servers are HTTP's.
    const written = protocol === 'http' && direction === 'response' ? 'uwsgi' : protocol
    const files = captures
      .filter((capture) => capture.protocol === written && capture.direction === direction)
      .map(({ file }) => bytesOf(file))
    for (let round = 0; round < 300; round++) {
      const bytes = mutated(files[Math.floor(next() * files.length)]!, next)
      expect(faults(make, bytes, round)).toEqual([])
    }
  })

  test('http request: connections with mistakes', () => {
    const next = random(seed)
    for (let round = 0; round < 1500; round++) {
      const bytes = makeConnection(next)
      expect({ bytes: bytes.toString('latin1'), found: faults(() => answering(http.server()), bytes, round) }).toEqual({
        bytes: bytes.toString('latin1'),
        found: [],
      })
    }
  })
})
