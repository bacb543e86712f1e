// HTTP/1.1 responses (RFC 9110, RFC 9112), rule by rule: how the server codec delimits them, when it asks for a body, whether the
// connection is kept, and what becomes of a request that is answered before all of it is here.
import { describe, expect, test } from 'vitest'
import type { ProtocolOptions } from '../../sidecar/wire/codec.ts'
import type { Head } from '../../sidecar/wire/head.ts'
import { http } from '../../sidecar/wire/http.ts'
import { Conversation, OK } from './converse.ts'
import { bytewise, whole } from './splits.ts'

const KB = 1024
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')
const HOST = 'Host: h\r\n'
const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`
const OLD = 'GET / HTTP/1.0\r\n\r\n'
const KEPT_OLD = 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
const upload = (size: number, more = ''): string => `POST / HTTP/1.1\r\n${HOST}Content-Length: ${size}\r\n${more}\r\n`
const failure = (code: string, status = 400): unknown => expect.objectContaining({ code, status, blame: 'peer' })
const head = (status: number, ...headers: [string, string][]): Head => ({ status, reason: 'X', headers })

function talk(text: string, options: ProtocolOptions = {}): Conversation {
  const conversation = new Conversation(http.server(options))
  conversation.feed(latin1(text), whole)
  return conversation
}

/** A response in one piece. */
function answer(text: string, response: Head = OK, body?: string): string {
  return Buffer.from(talk(text).codec.start(1, response, body === undefined ? undefined : latin1(body), true)).toString(
    'latin1',
  )
}

/** A response in pieces. */
function pieces(text: string, response: Head, first: string | undefined, ...more: string[]): string {
  const { codec } = talk(text)
  const parts = [codec.start(1, response, first === undefined ? undefined : latin1(first), false)]
  for (const piece of more) parts.push(...codec.data(1, latin1(piece)))
  parts.push(codec.finish(1) ?? Buffer.alloc(0))
  return Buffer.concat(parts).toString('latin1')
}

const keeps = ({ codec }: Conversation): boolean => codec.keepsOpen(1)

describe('the end of a response (RFC 9112 6.3)', () => {
  test('in one piece it gets its length', () => {
    expect(answer(GET, OK, 'hello')).toBe(
      'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello',
    )
    expect(answer(GET)).toBe('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n')
  })

  test('a length that the app gave stands once', () => {
    const length: [string, string] = ['content-length', '5']
    expect(answer(GET, head(200, length), 'hello')).toBe('HTTP/1.1 200 X\r\ncontent-length: 5\r\n\r\nhello')
    expect(pieces(GET, head(200, length), 'he', 'llo')).toBe('HTTP/1.1 200 X\r\ncontent-length: 5\r\n\r\nhello')
  })

  test('in pieces it goes in chunks (7.1)', () => {
    const expected = 'HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'
    expect(pieces(GET, head(200), 'he', 'llo')).toBe(expected)
    expect(pieces(GET, head(200), undefined, 'he', 'llo')).toBe(expected)
    // A chunk of no bytes would be the last one.
    expect(pieces(GET, head(200), '', 'he', '', 'llo')).toBe(expected)
  })

  test.each([15, 16, 16 * KB, 16 * KB + 1, 100 * KB])('a chunk of %d bytes', (size) => {
    const text = 'x'.repeat(size)
    const expected = `${size.toString(16)}\r\n${text}\r\n0\r\n\r\n`
    expect(pieces(GET, head(200), undefined, text)).toBe(
      `HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n${expected}`,
    )
    expect(pieces(GET, head(200), text)).toBe(`HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n${expected}`)
  })

  test('large chunks are not copied', () => {
    const { codec } = talk(GET)
    codec.start(1, head(200), undefined, false)
    const chunk = Buffer.alloc(64 * KB)
    expect(codec.data(1, chunk)[1]).toBe(chunk)
  })

  test('for HTTP/1.0, the end of the connection ends it', () => {
    for (const request of [OLD, KEPT_OLD]) {
      expect(pieces(request, head(200), 'he', 'llo')).toBe('HTTP/1.1 200 X\r\nConnection: close\r\n\r\nhello')
    }
    const conversation = talk(KEPT_OLD)
    conversation.codec.start(1, head(200), undefined, false)
    expect(conversation.codec.cut?.(1)).toBeUndefined()
    expect(keeps(conversation)).toBe(false)
  })

  test('for HTTP/1.0, a length is one', () => {
    expect(answer(KEPT_OLD, head(200), 'hello')).toBe(
      'HTTP/1.1 200 X\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello',
    )
    expect(pieces(KEPT_OLD, head(200, ['Content-Length', '5']), 'he', 'llo')).toBe(
      'HTTP/1.1 200 X\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello',
    )
  })

  test('every other response tells where it ends', () => {
    for (const [request, response] of [
      [GET, head(200)],
      [GET, head(200, ['Content-Length', '5'])],
      [KEPT_OLD, head(200, ['Content-Length', '5'])],
    ] as const) {
      const { codec } = talk(request)
      codec.start(1, response, undefined, false)
      expect(codec.cut?.(1)).toHaveLength(0)
    }
  })

  test.each([204, 304])('%d has no body and says no length of one (RFC 9110 8.6)', (status) => {
    expect(answer(GET, head(status))).toBe(`HTTP/1.1 ${status} X\r\n\r\n`)
    expect(pieces(GET, head(status), undefined)).toBe(`HTTP/1.1 ${status} X\r\n\r\n`)
    expect(answer(KEPT_OLD, head(status))).toBe(`HTTP/1.1 ${status} X\r\nConnection: keep-alive\r\n\r\n`)
  })

  test('204 says none whatever the app does, 304 may say that of a 200', () => {
    const given = head(204, ['content-length', '0'], ['X-A', 'b'])
    expect(answer(GET, given)).toBe('HTTP/1.1 204 X\r\nX-A: b\r\n\r\n')
    expect(answer(GET, head(304, ['Content-Length', '5']))).toBe('HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n')
  })

  test('205 and 500 have one', () => {
    expect(answer(GET, head(205))).toBe('HTTP/1.1 205 X\r\nContent-Length: 0\r\n\r\n')
    expect(answer(GET, head(500), 'x')).toContain('Content-Length: 1\r\n')
  })

  test('HEAD has none, and its length is what GET would have (RFC 9110 9.3.2)', () => {
    const request = GET.replace('GET', 'HEAD')
    expect(answer(request, head(200))).toBe('HTTP/1.1 200 X\r\n\r\n')
    expect(answer(request, head(200, ['Content-Length', '5']))).toBe('HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\n')
    expect(pieces(request, head(200), undefined)).toBe('HTTP/1.1 200 X\r\n\r\n')
    const old = KEPT_OLD.replace('GET', 'HEAD')
    expect(answer(old, head(200))).toBe('HTTP/1.1 200 X\r\nConnection: keep-alive\r\n\r\n')
  })

  test('how one response goes out says nothing about the next', () => {
    const conversation = talk(`${GET}${GET.replace('GET', 'HEAD')}${GET}${OLD}`)
    const { codec } = conversation
    codec.start(1, head(200), latin1('x'), false)
    codec.finish(1)
    const more = [2, 3, 4].map((id) => {
      conversation.feed(Buffer.alloc(0), whole)
      return Buffer.from(codec.start(id, head(200), undefined, true)).toString()
    })
    expect(more).toEqual([
      'HTTP/1.1 200 X\r\n\r\n',
      'HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 200 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    ])
  })

  test('an upgrade behind a response in chunks', () => {
    const conversation = talk(GET + GET)
    const { codec } = conversation
    codec.start(1, head(200), latin1('x'), false)
    codec.finish(1)
    conversation.feed(Buffer.alloc(0), whole)
    codec.start(2, head(101), undefined, false)
    expect(codec.data(2, latin1('raw'))).toEqual([latin1('raw')])
    expect(codec.finish(2)).toBeUndefined()
  })

  test('who is late is told nothing', () => {
    const conversation = talk(GET)
    const { codec } = conversation
    expect(codec.start(2, OK, undefined, true)).toHaveLength(0)
    expect(codec.data(1, latin1('x'))).toEqual([])
    expect(codec.finish(1)).toBeUndefined()
    expect(codec.start(1, OK, undefined, true)).not.toHaveLength(0)
    expect(codec.start(1, OK, undefined, true)).toHaveLength(0)
    expect(codec.data(1, latin1('x'))).toEqual([])
    expect(codec.finish(1)).toBeUndefined()
    conversation.feed(latin1(GET), whole)
    expect(codec.start(1, OK, undefined, true)).toHaveLength(0)
    expect(codec.finish(1)).toBeUndefined()
    expect(codec.demand(1)).toBeUndefined()
  })
})

describe('Date (RFC 9110 6.6.1)', () => {
  const now = 'Sun, 06 Nov 1994 08:49:37 GMT'
  const dated = (response: Head): string =>
    Buffer.from(talk(GET, { date: () => now }).codec.start(1, response, undefined, true)).toString('latin1')

  test('comes by itself, once', () => {
    expect(dated(head(200))).toBe(`HTTP/1.1 200 X\r\nDate: ${now}\r\nContent-Length: 0\r\n\r\n`)
    expect(dated(head(200, ['dATE', 'x']))).toBe('HTTP/1.1 200 X\r\ndATE: x\r\nContent-Length: 0\r\n\r\n')
  })

  test('also with what was refused', () => {
    const { codec } = talk('', { date: () => now })
    expect(() => codec.receive(latin1('GET\r\n'))).toThrow(failure('HTTP_SYNTAX'))
    expect(Buffer.from(codec.refuse(head(400), latin1('x'))!).toString()).toContain(`\r\nDate: ${now}\r\n`)
  })
})

describe('whether the connection is kept (RFC 9112 9.3)', () => {
  test.each<[string, string | undefined, boolean]>([
    ['HTTP/1.1', undefined, true],
    ['HTTP/1.1', '', true],
    ['HTTP/1.1', 'close', false],
    ['HTTP/1.1', 'CLOSE', false],
    ['HTTP/1.1', 'te, \t close', false],
    ['HTTP/1.1', 'close,te', false],
    ['HTTP/1.1', ',close,', false],
    ['HTTP/1.1', 'keep-alive, close', false],
    ['HTTP/1.1', 'keep-alive', true],
    ['HTTP/1.1', 'closed', true],
    ['HTTP/1.1', 'x-close', true],
    ['HTTP/1.1', 'te; close', true],
    ['HTTP/1.1', 'te\r\nConnection: close', false],
    ['HTTP/1.1', 'close\r\nConnection: te', false],
    ['HTTP/1.1', '\xa0close', true],
    ['HTTP/1.0', undefined, false],
    ['HTTP/1.0', '', false],
    ['HTTP/1.0', 'keep-alive', true],
    ['HTTP/1.0', 'Keep-Alive', true],
    ['HTTP/1.0', 'te, keep-alive', true],
    ['HTTP/1.0', 'te\r\nConnection: keep-alive', true],
    ['HTTP/1.0', 'keep-alive, close', false],
    ['HTTP/1.0', 'xkeep-alive', false],
    ['HTTP/1.0', '\xa0keep-alive', false],
  ])('%s with Connection: %j', (version, connection, kept) => {
    const field = connection === undefined ? '' : `Connection: ${connection}\r\n`
    const conversation = talk(`GET / ${version}\r\n${HOST}${field}\r\n`)
    const [text] = conversation.answer()
    expect(keeps(conversation)).toBe(kept)
    expect(text!.toString().includes('\r\nConnection: close\r\n')).toBe(!kept)
    expect(text!.toString().includes('\r\nConnection: keep-alive\r\n')).toBe(kept && version === 'HTTP/1.0')
  })

  test('of one request, it says nothing about the next', () => {
    const conversation = talk(`${KEPT_OLD}${GET}${KEPT_OLD}${OLD}`)
    conversation.goOn()
    expect(conversation.heard).toHaveLength(4)
    expect(conversation.codec.keepsOpen(4)).toBe(false)
  })

  test('retired between two requests, the next is the last', () => {
    const conversation = talk(GET)
    conversation.answer()
    conversation.codec.retire!()
    conversation.feed(latin1(GET), bytewise)
    expect(conversation.answer().toString()).toContain('\r\nConnection: close\r\n')
    expect(keeps(conversation)).toBe(false)
  })

  test('a request that is turned away ends it', () => {
    const conversation = talk(`GET / HTTP/1.1\r\n\r\n`)
    expect(conversation.heard[0]!.failure).toEqual(failure('HOST_MISSING'))
    expect(conversation.answer().toString()).toContain('\r\nConnection: close\r\n')
    expect(keeps(conversation)).toBe(false)
  })
})

describe('Expect (RFC 9110 10.1.1)', () => {
  const waiting = upload(5, 'Expect: 100-continue\r\n')

  test.each([
    ['with a length', waiting],
    ['in odd case', upload(5, 'eXPECT: 100-Continue\r\n')],
    ['twice', upload(5, 'Expect: 100-continue\r\nExpect: 100-continue\r\n')],
    ['in chunks', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n`],
  ])('100 is sent when the body is wanted, once: %s', (_, text) => {
    const { codec } = talk(text)
    expect(codec.demand(2)).toBeUndefined()
    expect(Buffer.from(codec.demand(1)!).toString()).toBe(CONTINUE)
    expect(codec.demand(1)).toBeUndefined()
  })

  test('not after the body has begun to come', () => {
    const conversation = talk(waiting)
    conversation.feed(latin1('h'), whole)
    expect(conversation.codec.demand(1)).toBeUndefined()
    expect(talk(`${waiting}h`).codec.demand(1)).toBeUndefined()
  })

  test('not after the response has begun', () => {
    for (const last of [false, true]) {
      const { codec } = talk(waiting)
      codec.start(1, OK, undefined, last)
      expect(codec.demand(1)).toBeUndefined()
    }
  })

  test('not where nobody waits', () => {
    expect(talk(upload(5)).codec.demand(1)).toBeUndefined()
    expect(talk(upload(0, 'Expect: 100-continue\r\n')).codec.demand(1)).toBeUndefined()
    expect(talk(`GET / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n\r\n`).codec.demand(1)).toBeUndefined()
    // 10.1.1: of an HTTP/1.0 client it is ignored.
    expect(talk(waiting.replace('HTTP/1.1', 'HTTP/1.0')).codec.demand(1)).toBeUndefined()
  })

  test('answered before, the connection ends: whether the body comes cannot be known', () => {
    const conversation = talk(waiting)
    expect(Buffer.from(conversation.codec.start(1, head(403), undefined, true)).toString()).toContain(
      'Connection: close',
    )
    expect(keeps(conversation)).toBe(false)
  })

  test('asked for and answered before it came, it is skipped', () => {
    const conversation = talk(waiting)
    conversation.codec.demand(1)
    conversation.codec.start(1, OK, undefined, true)
    expect(keeps(conversation)).toBe(true)
    conversation.feed(latin1(`hello${GET}`), whole)
    expect(conversation.heard).toHaveLength(2)
  })

  test.each([
    '200-ok',
    '',
    '100-continue, x',
    '100-continue; q=1',
    'x\r\nExpect: 100-continue',
    '100-continue\r\nExpect: x',
  ])('%j cannot be met', (expectation) => {
    const conversation = talk(upload(5, `Expect: ${expectation}\r\n`))
    expect(conversation.heard[0]!.failure).toEqual(failure('EXPECT', 417))
    expect(conversation.codec.demand(1)).toBeUndefined()
    conversation.codec.start(1, head(417), undefined, true)
    expect(keeps(conversation)).toBe(false)
  })
})

describe('an answer before all of the request is here (RFC 9112 9.3)', () => {
  const SKIPPED = 256 * KB

  test.each([
    ['small', 10],
    ['of a form', SKIPPED],
  ])('the rest of a body is skipped: %s', (_, size) => {
    const conversation = talk(upload(size + 5))
    conversation.feed(Buffer.alloc(5), whole)
    expect(Buffer.from(conversation.codec.start(1, OK, undefined, true)).toString()).not.toContain('Connection: close')
    expect(keeps(conversation)).toBe(true)
    expect(conversation.codec.pending).toBe(false)
    conversation.feed(Buffer.concat([Buffer.alloc(size), latin1(GET)]), whole)
    expect(conversation.heard.map(({ ended }) => ended)).toEqual([true, true])
    expect(conversation.codec.start(2, OK, undefined, true)).not.toHaveLength(0)
  })

  test('with a large rest, the connection ends', () => {
    const conversation = talk(upload(SKIPPED + 1))
    expect(Buffer.from(conversation.codec.start(1, OK, undefined, true)).toString()).toContain('Connection: close')
    expect(keeps(conversation)).toBe(false)
  })

  test('with a rest in chunks, of which nobody knows the size, too', () => {
    const conversation = talk(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`)
    expect(Buffer.from(conversation.codec.start(1, OK, undefined, true)).toString()).toContain('Connection: close')
    expect(keeps(conversation)).toBe(false)
  })

  test('a response that began before and ended after the body keeps it', () => {
    const conversation = talk(`${upload(5)}he`)
    conversation.codec.start(1, head(200), undefined, false)
    conversation.feed(latin1(`llo${GET}`), bytewise)
    expect(conversation.heard).toHaveLength(1)
    expect(conversation.codec.pending).toBe(true)
    conversation.codec.finish(1)
    expect(keeps(conversation)).toBe(true)
    conversation.feed(Buffer.alloc(0), whole)
    expect(conversation.heard).toHaveLength(2)
  })

  test('the body is heard to its end, for who wants it', () => {
    const conversation = talk(`${upload(5)}he`)
    conversation.codec.start(1, head(200), undefined, false)
    conversation.feed(latin1('llo'), bytewise)
    expect(Buffer.concat(conversation.heard[0]!.body).toString()).toBe('hello')
  })
})

describe('who could not be understood is told (RFC 9112 2.2)', () => {
  const said = { status: 400, reason: 'Bad Request', headers: [['Content-Length', '3']] } as const satisfies Head
  const why = latin1('why')
  const expected = 'HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\nConnection: close\r\n\r\nwhy'

  test.each([
    ['in the head', 'GET / HTTP/1.1\r\nX\r\n\r\n'],
    ['in a body that came with the head', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nx\r\n`],
    ['behind HEAD', `HEAD / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nx\r\n`],
  ])('%s', (_, text) => {
    const { codec } = talk('')
    expect(() => codec.receive(latin1(text))).toThrow(failure('HTTP_SYNTAX'))
    expect(Buffer.from(codec.refuse(said, why)!).toString()).toBe(expected)
    expect(codec.keepsOpen(1)).toBe(false)
    expect(codec.start(1, OK, undefined, true)).toHaveLength(0)
  })

  test('behind a response', () => {
    const conversation = talk(GET)
    conversation.answer()
    expect(() => conversation.feed(latin1('X\r\n'), whole)).toThrow(failure('HTTP_SYNTAX'))
    expect(Buffer.from(conversation.codec.refuse(said, why)!).toString()).toBe(expected)
  })

  test('never in the middle of a response', () => {
    const conversation = talk(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`)
    conversation.codec.start(1, head(200), latin1('x'), false)
    expect(() => conversation.feed(latin1('x\r\n'), whole)).toThrow(failure('HTTP_SYNTAX'))
    expect(conversation.codec.refuse(said, why)).toBeUndefined()
  })
})
