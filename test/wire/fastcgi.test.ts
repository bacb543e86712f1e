// FastCGI 1.0, rule by rule: what the server codec answers and refuses, what it writes, and the same for the client codec.
import { describe, expect, test } from 'vitest'
import { PeerError } from '../../sidecar/errors.ts'
import type { ClientEvent } from '../../sidecar/wire/codec.ts'
import { fastcgi } from '../../sidecar/wire/fastcgi.ts'
import { FastcgiClient } from '../../sidecar/wire/fastcgi-client.ts'
import { ReadHead } from '../../sidecar/wire/head.ts'
import { begin, end, pair, pairs, record, request } from './build.ts'
import { bytesOf } from './captures.ts'
import { Conversation, OK } from './converse.ts'
import { decodePairs, decodeRecords, variablesOf } from './decode.ts'
import { bytewise, random, randomly, seed, whole } from './splits.ts'

const GET = { REQUEST_METHOD: 'GET', REQUEST_URI: '/' }

function talk(...parts: Uint8Array[]): Conversation {
  const conversation = new Conversation(fastcgi.server())
  for (const part of parts) conversation.feed(part, bytewise)
  return conversation
}

/** What `step` gives, or the code of the PeerError it throws. */
function outcome(step: () => unknown): unknown {
  try {
    return step()
  } catch (error) {
    return error instanceof PeerError ? error.code : error
  }
}

const failure = (code: string): unknown => expect.objectContaining({ code, blame: 'peer' })

describe('requests', () => {
  test('pairs have lengths of 1 or 4 bytes, and may be cut anywhere by records', () => {
    const value = 'v'.repeat(300)
    const block = Buffer.concat([pair('A', '1'), pair('B', value), pair('C', '2', true), pair('D', '')])
    const parts = [begin(1)]
    for (let at = 0; at < block.length; at += 3) parts.push(record(4, 1, block.subarray(at, at + 3), at % 256))
    const { heard } = talk(...parts, record(4, 1, '', 255), record(5, 1, '', 7))
    expect({ ...heard[0]!.variables }).toEqual({ A: '1', B: value, C: '2', D: '' })
  })

  test('names like those of Object.prototype are variables like any other', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
    const block = Buffer.concat(names.map((name) => pair(name, 'x')))
    const found = talk(begin(1), record(4, 1, block), record(4, 1), record(5, 1)).heard[0]!.variables
    expect(Object.keys(found)).toEqual(names)
    expect(found.__proto__).toBe('x')
  })

  test.each([
    ['absent', {}],
    ['empty', { CONTENT_LENGTH: '' }],
    ['-1', { CONTENT_LENGTH: '-1' }],
  ])('with CONTENT_LENGTH %s the first STDIN record tells whether there is a body', (_, length) => {
    const waiting = talk(request(1, { ...GET, ...length }))
    expect(waiting.heard).toEqual([])
    waiting.feed(record(5, 1), whole)
    expect(waiting.heard).toMatchObject([{ length: 0, ended: true }])

    const streaming = talk(request(1, { ...GET, ...length }), record(5, 1, 'abc'))
    expect(streaming.heard).toMatchObject([{ length: undefined, ended: false }])
    streaming.feed(Buffer.concat([record(5, 1, 'de', 6), record(5, 1)]), bytewise)
    expect(Buffer.concat(streaming.heard[0]!.body).toString()).toBe('abcde')
    expect(streaming.heard[0]!.ended).toBe(true)
  })

  test('with CONTENT_LENGTH the request is known before its body, and ends with the empty STDIN', () => {
    const conversation = talk(request(1, { CONTENT_LENGTH: '4' }))
    expect(conversation.heard).toMatchObject([{ length: 4, ended: false }])
    conversation.feed(record(5, 1, 'abcd'), bytewise)
    expect(conversation.heard[0]!.ended).toBe(false)
    conversation.feed(record(5, 1), bytewise)
    expect(conversation.heard[0]!.ended).toBe(true)
  })

  test('CONTENT_LENGTH 0: there is nothing to wait for', () => {
    expect(talk(request(1, { CONTENT_LENGTH: '0' })).heard).toMatchObject([{ length: 0, ended: true }])
  })

  test('an empty STDIN before an announced body is not its end (mod_fcgid, HTTP/2)', () => {
    const { heard } = talk(request(1, { CONTENT_LENGTH: '2' }), record(5, 1), record(5, 1, 'ab'), record(5, 1))
    expect(heard).toMatchObject([{ length: 2, ended: true }])
    expect(() => talk(request(1, { CONTENT_LENGTH: '2' }), record(5, 1), record(5, 1))).toThrow(failure('BODY_LENGTH'))
  })

  test.each(['abc', '1x', ' 1', '+1', '1e3', '0x10', '9'.repeat(16)])('CONTENT_LENGTH %j is refused', (length) => {
    expect(() => talk(request(1, { CONTENT_LENGTH: length }))).toThrow(failure('CONTENT_LENGTH_BAD'))
  })

  test('two lengths that differ are refused', () => {
    const block = Buffer.concat([pair('CONTENT_LENGTH', '1'), pair('CONTENT_LENGTH', '2')])
    expect(() => talk(begin(1), record(4, 1, block), record(4, 1))).toThrow(failure('CONTENT_LENGTH_TWICE'))
  })

  test.each([
    'UWSGI_FILE',
    'UWSGI_SCRIPT',
    'UWSGI_MODULE',
    'UWSGI_CALLABLE',
    'UWSGI_HOME',
    'UWSGI_PYHOME',
    'UWSGI_CHDIR',
    'UWSGI_APPID',
    'UWSGI_SETENV',
    'UWSGI_POSTFILE',
    'UWSGI_CACHE_GET',
    'UWSGI_TOUCH_RELOAD',
  ])('%s is refused, every time', (name) => {
    for (let time = 0; time < 2; time++) {
      expect(() => talk(request(1, { ...GET, [name]: '/tmp/x' }))).toThrow(failure('UWSGI_VARIABLE'))
    }
  })

  test('HTTP_PROXY and what else is for uWSGI is dropped', () => {
    const { heard } = talk(request(1, { HTTP_PROXY: 'x', UWSGI_ROUTER: 'http', A: '1' }), record(5, 1))
    expect({ ...heard[0]!.variables }).toEqual({ A: '1' })
  })
})

describe('the answer to what is no request', () => {
  test('GET_VALUES: known names with their values, others left out', () => {
    const asked = Buffer.concat(
      ['FCGI_MPXS_CONNS', 'OTHER', 'FCGI_MAX_CONNS', 'FCGI_MAX_REQS'].map((name) => pair(name, '')),
    )
    const [reply] = talk(record(9, 0, asked, 3)).replies
    const [result] = decodeRecords(reply!)
    expect([result!.type, result!.id, result!.end]).toEqual([10, 0, reply!.length])
    const values = variablesOf(decodePairs(result!.content))
    expect(values).toEqual({
      FCGI_MPXS_CONNS: '1',
      FCGI_MAX_CONNS: expect.stringMatching(/^\d+$/),
      FCGI_MAX_REQS: expect.stringMatching(/^\d+$/),
    })
  })

  test('GET_VALUES without a known name: an empty result; and in the middle of a request', () => {
    expect(talk(record(9, 0)).replies).toEqual([record(10, 0)])
    const { replies, heard } = talk(
      begin(1),
      record(9, 0, pair('X', '')),
      record(4, 1, pairs(GET)),
      record(4, 1),
      record(5, 1),
    )
    expect(replies).toEqual([record(10, 0)])
    expect(heard).toHaveLength(1)
  })

  test('GET_VALUES of HAProxy', () => {
    const conversation = new Conversation(fastcgi.server())
    conversation.feed(bytesOf('haproxy-3.5-dev5-fastcgi-mpx-get-values.bin').subarray(0, 40), whole)
    expect(variablesOf(decodePairs(decodeRecords(conversation.replies[0]!)[0]!.content))).toMatchObject({
      FCGI_MPXS_CONNS: '1',
    })
  })

  test('a management type that does not exist: UNKNOWN_TYPE', () => {
    expect(talk(record(99, 0, 'whatever', 5)).replies).toEqual([record(11, 0, Buffer.from([99, 0, 0, 0, 0, 0, 0, 0]))])
    expect(talk(record(12, 0)).replies).toEqual([record(11, 0, Buffer.from([12, 0, 0, 0, 0, 0, 0, 0]))])
  })

  test.each([2, 3, 9])('role %i: UNKNOWN_ROLE, and its streams are skipped', (role) => {
    const conversation = talk(
      begin(5, { role }),
      record(4, 5, pairs(GET)),
      record(4, 5),
      record(5, 5, 'x'),
      record(5, 5),
      record(8, 5),
    )
    expect(conversation.replies).toEqual([end(5, 3)])
    expect(conversation.heard).toEqual([])
    expect(conversation.closed).toBe(false)
    conversation.feed(Buffer.concat([request(5, GET), record(5, 5)]), bytewise)
    expect(conversation.heard).toHaveLength(1)
    expect(talk(begin(5, { role, keep: false })).closed).toBe(true)
  })

  test('a second request, while one is in flight that ends its connection: CANT_MPX_CONN, the first goes on', () => {
    const second = [request(3, GET), record(5, 3, 'abc'), record(5, 3)]
    const first = [record(4, 1, pairs(GET)), record(4, 1), record(5, 1)]
    for (const keep of [true, false]) {
      const others = keep ? second : [begin(3, { keep }), ...second.slice(1)]
      const conversation = talk(begin(1, { keep: !keep }), ...others, ...first)
      expect(conversation.replies).toEqual([end(3, 1)])
      expect(conversation.closed).toBe(false)
      expect(conversation.heard).toMatchObject([{ id: 1, ended: true }])
      expect(conversation.codec.keepsOpen(1)).toBe(!keep)
    }
  })

  test('more requests than may be in flight: the first that is too many is turned away, the others go on', () => {
    const many = Array.from({ length: 1025 }, (_, index) => request(index + 1, { ...GET, CONTENT_LENGTH: '1' }))
    const conversation = talk(...many)
    expect(conversation.replies).toEqual([end(1025, 1)])
    expect(conversation.heard).toHaveLength(1024)
    conversation.feed(Buffer.concat([record(5, 1024, 'x'), record(5, 1024)]), whole)
    expect(conversation.heard.at(-1)).toMatchObject({ id: 1024, ended: true })
  })
})

describe('requests that share a connection', () => {
  // Every order in which the records of three requests can come, as far as the seed reaches.
  test(`interleaved in any way, each is what it is alone (SIDEGATE_SEED=${seed})`, () => {
    const next = random(seed)
    for (let round = 0; round < 200; round++) {
      const streams = [1, 2, 300].map((id) => {
        const body = Array.from({ length: Math.floor(next() * 4) }, () =>
          String(id).repeat(1 + Math.floor(next() * 50)),
        )
        const length = body.join('').length
        const variables = {
          REQUEST_METHOD: 'POST',
          PATH_INFO: `/${id}`,
          ...(next() < 0.5 && { CONTENT_LENGTH: `${length}` }),
        }
        const bytes = pairs(variables)
        const cut = Math.floor(next() * bytes.length)
        const params = [bytes.subarray(0, cut), bytes.subarray(cut)].filter(({ length: size }) => size > 0)
        const parts = [begin(id), ...params.map((part) => record(4, id, part)), record(4, id)]
        return {
          id,
          body: body.join(''),
          parts: [...parts, ...body.map((text) => record(5, id, text, 3)), record(5, id)],
        }
      })
      const left = streams.map(({ parts }) => [...parts])
      const order: Buffer[] = []
      while (left.some(({ length }) => length > 0)) {
        const from = left.filter(({ length }) => length > 0)
        order.push(from[Math.floor(next() * from.length)]!.shift()!)
      }
      const conversation = new Conversation(fastcgi.server())
      conversation.feed(Buffer.concat(order), round % 2 === 0 ? whole : randomly(next))
      for (const { id, body } of streams) {
        const heard = conversation.heard.find((one) => one.id === id)!
        expect({
          ...heard,
          variables: heard.variables.PATH_INFO,
          body: Buffer.concat(heard.body).toString(),
        }).toMatchObject({
          variables: `/${id}`,
          body,
          ended: true,
        })
      }
      expect(conversation.replies).toEqual([])
    }
  })

  test('an abort ends its own request only (HAProxy)', () => {
    for (const version of ['2.6.12', '3.5-dev5']) {
      const conversation = talk(bytesOf(`haproxy-${version}-fastcgi-mpx-abort.bin`))
      const aborted = conversation.heard.filter((one) => one.aborted)
      expect(conversation.heard.length - aborted.length).toBeGreaterThan(0)
      for (const { id } of aborted) expect(conversation.codec.finish(id)).toBeUndefined()
      for (const one of conversation.heard.filter(({ aborted: gone }) => !gone)) {
        expect(conversation.codec.start(one.id, OK, undefined, true).length).toBeGreaterThan(0)
      }
    }
  })

  test('variables of all requests that have begun are bounded together', () => {
    const server = fastcgi.server()
    const flood = (): void => {
      for (let id = 1; id < 100; id++) {
        server.receive(begin(id))
        for (let part = 0; part < 4; part++) server.receive(record(4, id, Buffer.alloc(60_000)))
      }
    }
    expect(flood).toThrow(failure('FASTCGI_PARAMS'))
    const honest = fastcgi.server()
    for (let id = 1; id < 200; id++)
      honest.receive(request(id, { ...GET, HTTP_X: 'x'.repeat(30_000), CONTENT_LENGTH: '1' }))
  })
})

describe('ABORT_REQUEST', () => {
  test('before the variables (HAProxy): END_REQUEST, and nothing else to be seen', () => {
    const { replies, heard, codec } = talk(bytesOf('haproxy-3.5-dev5-fastcgi-raw-options-star.bin'))
    expect(replies).toEqual([end(1)])
    expect(heard).toEqual([])
    expect(codec.keepsOpen(1)).toBe(true)
    expect(talk(begin(1, { keep: false }), record(2, 1)).closed).toBe(true)
  })

  test('during the upload (HAProxy): END_REQUEST and an abort', () => {
    const conversation = talk(bytesOf('haproxy-3.5-dev5-fastcgi-x-upload-abort.bin'))
    expect(conversation.replies).toEqual([end(1)])
    expect(conversation.heard).toMatchObject([{ aborted: true, ended: false }])
    expect(conversation.codec.start(1, OK, undefined, false)).toHaveLength(0)
    expect(conversation.codec.data(1, Buffer.from('x'))).toEqual([])
    expect(conversation.codec.finish(1)).toBeUndefined()
    conversation.feed(Buffer.concat([request(3, GET), record(5, 3)]), whole)
    expect(conversation.heard[1]).toMatchObject({ id: 3, ended: true })
  })

  test('during the answer: its STDOUT is ended first', () => {
    const conversation = talk(request(1, GET), record(5, 1))
    conversation.codec.start(1, OK, undefined, false)
    conversation.feed(record(2, 1), whole)
    expect(conversation.replies).toEqual([Buffer.concat([record(6, 1), end(1)])])
    expect(conversation.heard[0]!.aborted).toBe(true)
  })

  test('crossing the END_REQUEST: ignored', () => {
    const conversation = talk(request(1, GET), record(5, 1))
    conversation.answer()
    conversation.feed(record(2, 1), whole)
    expect(conversation.replies).toEqual([])
    expect(conversation.heard[0]!.aborted).toBe(false)
  })
})

describe('a record out of place ends the connection', () => {
  const complete = [request(1, GET), record(5, 1)]
  test.each<[string, Uint8Array[], string]>([
    ['version 0', [record(1, 1, '', 0, 0)], 'FASTCGI_VERSION'],
    ['version 2', [begin(1), record(4, 1, '', 0, 2)], 'FASTCGI_VERSION'],
    ['PARAMS first', [record(4, 1)], 'FASTCGI_RECORD'],
    ['STDIN first', [record(5, 1)], 'FASTCGI_RECORD'],
    ['STDIN inside PARAMS', [begin(1), record(5, 1)], 'FASTCGI_RECORD'],
    ['PARAMS after its end', [request(1, GET), record(4, 1)], 'FASTCGI_RECORD'],
    ['STDIN after its end', [...complete, record(5, 1)], 'FASTCGI_RECORD'],
    ['BEGIN twice', [begin(1), begin(1)], 'FASTCGI_RECORD'],
    ['BEGIN with id 0', [begin(0)], 'FASTCGI_RECORD'],
    ['BEGIN of 7 bytes', [record(1, 1, '1234567')], 'FASTCGI_RECORD'],
    ['BEGIN of 9 bytes', [record(1, 1, '123456789')], 'FASTCGI_RECORD'],
    ['another id', [begin(1), record(4, 2)], 'FASTCGI_RECORD'],
    ['the high byte of the id counts', [begin(1), record(4, 257)], 'FASTCGI_RECORD'],
    ['STDOUT', [...complete, record(6, 1)], 'FASTCGI_RECORD'],
    ['END_REQUEST', [...complete, end(1)], 'FASTCGI_RECORD'],
    ['DATA for a responder', [...complete, record(8, 1)], 'FASTCGI_RECORD'],
    ['GET_VALUES with an id', [...complete, record(9, 1)], 'FASTCGI_RECORD'],
    ['an unknown type with an id', [...complete, record(77, 1)], 'FASTCGI_RECORD'],
    ['GET_VALUES_RESULT', [record(10, 0)], 'FASTCGI_RECORD'],
    ['a body longer than announced', [request(1, { CONTENT_LENGTH: '2' }), record(5, 1, 'abc')], 'BODY_LENGTH'],
    [
      'a body shorter than announced',
      [request(1, { CONTENT_LENGTH: '2' }), record(5, 1, 'a'), record(5, 1)],
      'BODY_LENGTH',
    ],
    ['a body where none is announced', [request(1, { CONTENT_LENGTH: '0' }), record(5, 1, 'a')], 'BODY_LENGTH'],
    ['a pair longer than PARAMS', [begin(1), record(4, 1, '\x03\x7fabc'), record(4, 1)], 'FASTCGI_PARAMS'],
    ['half a pair', [begin(1), record(4, 1, '\x03'), record(4, 1)], 'FASTCGI_PARAMS'],
    ['half a length', [begin(1), record(4, 1, '\x80\0\0'), record(4, 1)], 'FASTCGI_PARAMS'],
    ['a length of 2 GB', [begin(1), record(4, 1, '\xff\xff\xff\xff\xff\xff\xff\xff'), record(4, 1)], 'FASTCGI_PARAMS'],
    ['a name of no length', [begin(1), record(4, 1, '\0\x01a'), record(4, 1)], 'FASTCGI_PARAMS'],
    ['GET_VALUES that is no pairs', [record(9, 0, '\x05')], 'FASTCGI_PARAMS'],
  ])('%s', (_, parts, code) => {
    const bytes = Buffer.concat(parts)
    for (const cut of [whole, bytewise]) {
      const conversation = new Conversation(fastcgi.server())
      expect(() => conversation.feed(bytes, cut)).toThrow(failure(code))
      expect(() => conversation.codec.receive(begin(9))).toThrow(failure('CODEC_DEAD'))
    }
  })

  test.each<[string, Uint8Array[], string | undefined]>([
    ['nothing', [], undefined],
    ['inside a header', [begin(1).subarray(0, 3)], 'FASTCGI_CUT'],
    ['after BEGIN', [begin(1)], 'FASTCGI_CUT'],
    ['inside PARAMS', [begin(1), record(4, 1, pairs(GET))], 'FASTCGI_CUT'],
    ['before the body', [request(1, { CONTENT_LENGTH: '2' })], 'BODY_CUT'],
    ['inside the body', [request(1, { CONTENT_LENGTH: '2' }), record(5, 1, 'a')], 'BODY_CUT'],
    ['inside a body of unknown length', [request(1, GET), record(5, 1, 'a')], 'BODY_CUT'],
    ['after the request', complete, undefined],
  ])('the connection ends: %s', (_, parts, code) => {
    const { codec } = talk(...parts)
    expect(outcome(() => codec.receiveEnd())).toBe(code)
  })

  test('the peer is told why when its request can be named', () => {
    const conversation = talk(begin(7), record(4, 7, pairs({ CONTENT_LENGTH: 'x' })))
    expect(() => conversation.feed(record(4, 7), whole)).toThrow(PeerError)
    const answer = Buffer.from(
      conversation.codec.refuse({ status: 400, reason: 'Bad Request', headers: [] }, Buffer.from('why'))!,
    )
    const records = decodeRecords(answer)
    expect(records.map(({ type, id }) => [type, id])).toEqual([
      [6, 7],
      [6, 7],
      [3, 7],
    ])
    expect(records[0]!.content.toString()).toBe('Status: 400 Bad Request\r\n\r\nwhy')
    const lost = talk()
    expect(() => lost.feed(record(4, 1), whole)).toThrow(PeerError)
    expect(lost.codec.refuse(OK, Buffer.from('why'))).toBeUndefined()
  })
})

describe('responses', () => {
  test('a whole response is one buffer: one STDOUT, its end, END_REQUEST', () => {
    const [answer] = talk(request(258, GET), record(5, 258)).answer(Buffer.from('Hello'))
    const text = 'Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nHello'
    const records = decodeRecords(answer!)
    expect(records.map(({ type, id }) => [type, id])).toEqual([
      [6, 258],
      [6, 258],
      [3, 258],
    ])
    expect(records[0]!.content.toString()).toBe(text)
    expect((records[0]!.content.length + records[0]!.padding) % 8).toBe(0)
    expect(records[1]!.content).toHaveLength(0)
    expect(records[2]!.content).toEqual(Buffer.alloc(8))
  })

  test('the head is in one record, however it goes on', () => {
    const { codec } = talk(request(1, GET), record(5, 1))
    const head = { ...OK, headers: [['X-Long', 'x'.repeat(60_000)] as const] }
    const first = decodeRecords(Buffer.from(codec.start(1, head, Buffer.alloc(100_000, 'a'), false)))
    expect(first[0]!.content.toString()).toMatch(/^Status: 200 OK\r\nX-Long: x{60000}\r\n\r\n$/)
    expect(first.slice(1).map(({ content }) => content.length)).toEqual([65528, 100_000 - 65528])
    expect(decodeRecords(Buffer.from(codec.finish(1)!)).map(({ type, content }) => [type, content.length])).toEqual([
      [6, 0],
      [3, 8],
    ])
    expect(codec.finish(1)).toBeUndefined()
  })

  test('chunks are cut into records, padded to 8, and not copied when large', () => {
    const { codec } = talk(request(1, GET), record(5, 1))
    codec.start(1, OK, undefined, false)
    for (const size of [1, 8, 4095, 4096, 65528, 65529, 65535, 65536, 200_001]) {
      const chunk = Buffer.alloc(size, 'x')
      const pieces = codec.data(1, chunk)
      const records = decodeRecords(Buffer.concat(pieces))
      expect(Buffer.concat(records.map(({ content }) => content)).equals(chunk)).toBe(true)
      for (const { type, id, content, padding } of records) {
        expect([type, id, (content.length + padding) % 8]).toEqual([6, 1, 0])
        expect(content.length + padding).toBeLessThanOrEqual(0xfff8)
      }
      const shared = pieces
        .filter((piece) => piece.buffer === chunk.buffer)
        .reduce((sum, { length }) => sum + length, 0)
      expect(shared).toBe(size < 4096 ? 0 : size)
    }
    expect(codec.data(1, Buffer.alloc(0))).toEqual([])
  })

  test.each([true, false])('KEEP_CONN %s is obeyed', (keep) => {
    const conversation = talk(request(1, GET, { keep }), record(5, 1))
    expect(conversation.codec.keepsOpen(1)).toBe(keep)
    conversation.answer()
    expect(conversation.codec.keepsOpen(1)).toBe(keep)
  })

  test('an answer may come before the body has ended: the rest of it is skipped', () => {
    const conversation = talk(request(1, { CONTENT_LENGTH: '6' }), record(5, 1, 'abc'))
    conversation.codec.start(1, OK, undefined, true)
    conversation.feed(Buffer.concat([record(5, 1, 'def'), record(5, 1), request(1, GET), record(5, 1)]), bytewise)
    expect(conversation.heard.map(({ ended, body }) => [ended, Buffer.concat(body).toString()])).toEqual([
      [false, 'abc'],
      [true, ''],
    ])
  })
})

describe('client', () => {
  test('an abort names the request that the connection brought', () => {
    const codec = new FastcgiClient()
    const { heard } = talk(codec.request({ ...GET, CONTENT_LENGTH: '4' }, 4), codec.abort())
    expect(heard).toMatchObject([{ aborted: true, ended: false }])
  })

  const ask = (length: number | undefined = 0): ReturnType<typeof fastcgi.client> => {
    const client = fastcgi.client()
    client.request(GET, length)
    return client
  }

  test('requests that the server got by another way are answered in their order, but for those that are forgotten', () => {
    const client = new FastcgiClient()
    client.request(GET, 0)
    for (const id of [2, 3, 4]) client.expect(id)
    client.forget(3)
    const answer = (id: number): Buffer =>
      Buffer.concat([record(6, id, `Status: 20${id} \r\n\r\n`), record(6, id), end(id)])
    const bytes = Buffer.concat([answer(1), answer(2), answer(4)])
    const told = client.receive(bytes).map((event) => (event.type === 'head' ? event.head.status : event.type))
    expect(told).toEqual([201, 'end', 202, 'end', 204, 'end'])
    // None is under way: the next is like the first.
    client.expect(5)
    client.expect(6)
    client.forget(5)
    expect(client.receive(answer(6))).toMatchObject([{ type: 'head' }, { type: 'end', reuse: true }])
    client.expect(7)
    client.forget(7)
    client.request(GET, 0)
    expect(client.receive(answer(1))).toMatchObject([{ type: 'head' }, { type: 'end', reuse: true }])
  })

  test('none goes behind a body that is not sent; no answer may overtake another, nor come to one that is not expected', () => {
    const client = new FastcgiClient()
    client.request(GET, 3)
    expect(() => client.expect(2)).toThrow(TypeError)
    client.data(Buffer.from('abc'))
    client.finish()
    client.expect(2)
    expect(() => client.forget(3)).toThrow(TypeError)
    expect(() => client.receive(record(6, 2, 'Status: 200\r\n\r\n'))).toThrow(failure('FASTCGI_RECORD'))
    const other = new FastcgiClient()
    other.expect(2)
    other.expect(3)
    other.forget(2)
    expect(() => other.receive(record(6, 2, 'Status: 200\r\n\r\n'))).toThrow(failure('FASTCGI_RECORD'))
  })
  const STDOUT = (text: string, padding = 0): Buffer => record(6, 1, text, padding)

  test('a request without a body is one buffer', () => {
    const bytes = Buffer.from(fastcgi.client().request({ ...GET, EMPTY: '', L: 'ä'.repeat(200) }, 0))
    const records = decodeRecords(bytes)
    expect(records.map(({ type, id, content }) => [type, id, content.length > 0])).toEqual([
      [1, 1, true],
      [4, 1, true],
      [4, 1, false],
      [5, 1, false],
    ])
    expect(records[0]!.content).toEqual(Buffer.from([0, 1, 1, 0, 0, 0, 0, 0]))
    expect(variablesOf(decodePairs(records[1]!.content))).toEqual({ ...GET, EMPTY: '', L: 'ä'.repeat(200) })
  })

  test('many variables are many records, none longer than PHP-FPM reads', () => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`V${index}`, 'x'.repeat(5000 + index)]))
    const records = decodeRecords(Buffer.from(fastcgi.client().request(many, undefined)))
    for (const { content, padding } of records) expect(content.length + padding).toBeLessThanOrEqual(0xfff8)
    const block = Buffer.concat(records.filter(({ type }) => type === 4).map(({ content }) => content))
    expect(variablesOf(decodePairs(block))).toEqual(many)
    expect(records.at(-1)!.type).toBe(4)
  })

  test('a body is STDIN, ended once', () => {
    const client = ask(3)
    expect(decodeRecords(Buffer.concat(client.data(Buffer.from('abc'))))).toMatchObject([
      { type: 5, id: 1, content: Buffer.from('abc') },
    ])
    expect(client.data(Buffer.alloc(0))).toEqual([])
    expect(client.finish()).toEqual(record(5, 1))
    expect(client.finish()).toBeUndefined()
    expect(ask(0).finish()).toBeUndefined()
  })

  test('one request at a time', () => {
    expect(() => ask().request(GET, 0)).toThrow(TypeError)
  })

  test('STDERR, head, body and end come in order; END_REQUEST without the end of STDOUT is enough', () => {
    const client = ask()
    const bytes = Buffer.concat([
      record(7, 1, 'oops', 4),
      STDOUT('Status: 201 Cre', 1),
      STDOUT('ated\r\nA: b\r\n\r\nbo'),
      record(7, 1, 'again'),
      record(7, 1),
      STDOUT('dy', 255),
      end(1, 0, 1),
    ])
    expect(client.receive(bytes)).toEqual([
      { type: 'stderr', bytes: Buffer.from('oops') },
      { type: 'head', head: new ReadHead(201, 'Created', [['A', 'b']], -1, true) },
      { type: 'body', bytes: Buffer.from('bo') },
      { type: 'stderr', bytes: Buffer.from('again') },
      { type: 'body', bytes: Buffer.from('dy') },
      { type: 'end', reuse: true, exit: 1 },
    ])
    client.request(GET, 0)
    expect(client.receive(Buffer.concat([STDOUT('Location: /x\n\n'), STDOUT(''), end(1)]))).toEqual([
      { type: 'head', head: new ReadHead(302, 'Found', [['Location', '/x']], -1, true) },
      { type: 'end', reuse: true },
    ])
  })

  test('a response before the end of the body leaves the connection unusable', () => {
    const client = ask(10)
    const events = client.receive(Buffer.concat([STDOUT('Status: 413 No\r\n\r\n'), end(1)]))
    expect(events.at(-1)).toEqual({ type: 'end', reuse: false })
  })

  test.each<[string, Buffer[], string, number]>([
    ['CANT_MPX_CONN', [end(1, 1)], 'FASTCGI_BUSY', 503],
    ['OVERLOADED', [end(1, 2)], 'FASTCGI_BUSY', 503],
    ['UNKNOWN_ROLE', [end(1, 3)], 'FASTCGI_REFUSED', 502],
    ['another status', [end(1, 9)], 'FASTCGI_REFUSED', 502],
    ['END_REQUEST only', [end(1)], 'RESPONSE_HEAD', 502],
    ['empty STDOUT only', [STDOUT(''), end(1)], 'RESPONSE_HEAD', 502],
    ['half a head', [STDOUT('Status: 200 OK\r\n'), end(1)], 'RESPONSE_HEAD', 502],
    ['a bad head', [STDOUT('no header\r\n\r\n')], 'RESPONSE_HEAD', 502],
    ['version 2', [record(6, 1, 'x', 0, 2)], 'FASTCGI_VERSION', 502],
    ['another id', [record(6, 2, 'x')], 'FASTCGI_RECORD', 502],
    ['UNKNOWN_TYPE', [record(11, 0, '12345678')], 'FASTCGI_RECORD', 502],
    ['PARAMS', [record(4, 1, 'x')], 'FASTCGI_RECORD', 502],
    ['STDOUT after its end', [STDOUT('A: b\r\n\r\n'), STDOUT(''), STDOUT('x')], 'FASTCGI_RECORD', 502],
    ['END_REQUEST of 4 bytes', [STDOUT('A: b\r\n\r\n'), record(3, 1, '1234')], 'FASTCGI_RECORD', 502],
    ['bytes after the end', [STDOUT('A: b\r\n\r\n'), end(1), STDOUT('x')], 'FASTCGI_RECORD', 502],
  ])('%s is an error', (_, parts, code, status) => {
    for (const cut of [whole, bytewise]) {
      const client = ask()
      const run = (): unknown => cut(Buffer.concat(parts)).map((piece) => client.receive(piece))
      expect(run).toThrow(expect.objectContaining({ code, status, blame: 'peer' }))
      expect(() => client.receive(end(1))).toThrow(failure('CODEC_DEAD'))
    }
  })

  test.each<[string, Buffer[], ClientEvent[] | string]>([
    ['before the head', [], 'RESPONSE_CUT'],
    ['inside the body', [STDOUT('A: b\r\n\r\nx')], 'RESPONSE_CUT'],
    ['inside a record', [STDOUT('A: b\r\n\r\nx').subarray(0, -1)], 'RESPONSE_CUT'],
    ['after the end of STDOUT', [STDOUT('A: b\r\n\r\nx'), STDOUT('')], [{ type: 'end', reuse: false }]],
    ['after the response', [STDOUT('A: b\r\n\r\nx'), end(1)], []],
  ])('the server closes %s', (_, parts, expected) => {
    const client = ask()
    client.receive(Buffer.concat(parts))
    expect(outcome(() => client.receiveEnd())).toEqual(expected)
  })
})
