// AJP13 (ajpv13a), rule by rule: what the server codec understands, answers and refuses, and the same for the client codec.
import { describe, expect, test } from 'vitest'
import { AppError } from '../../sidecar/errors.ts'
import { ajp } from '../../sidecar/wire/ajp.ts'
import type { ProtocolOptions } from '../../sidecar/wire/codec.ts'
import type { Head } from '../../sidecar/wire/head.ts'
import { ajpAnswer, ajpBody, ajpPacket, forward, type Forward } from './build.ts'
import { bytesOf } from './captures.ts'
import { Conversation, OK } from './converse.ts'
import { decodePackets } from './decode-ajp.ts'
import { bytewise, whole } from './splits.ts'

const EMPTY = Buffer.from([0x12, 0x34, 0, 0])
const EMPTY_TOO = Buffer.from([0x12, 0x34, 0, 2, 0, 0])
const ASK = Buffer.from([0x41, 0x42, 0, 3, 6, 0x1f, 0xfa])
const post = (length: string): Forward => ({ method: 4, headers: [[8, length]] })
const chunked: Forward = { method: 4, headers: [['Transfer-Encoding', 'chunked']] }
const failure = (code: string, status?: number): unknown =>
  expect.objectContaining({ code, blame: 'peer', ...(status === undefined ? {} : { status }) })

function talk(...parts: Uint8Array[]): Conversation {
  return talkTo({}, ...parts)
}

function talkTo(options: ProtocolOptions, ...parts: Uint8Array[]): Conversation {
  const conversation = new Conversation(ajp.server(options))
  for (const part of parts) conversation.feed(part, bytewise)
  return conversation
}

/** The variables of a request. */
function variables(request: Forward, options: ProtocolOptions = {}): Record<string, string> {
  return { ...talkTo(options, forward(request)).heard[0]!.variables }
}

/** The payloads that a server wrote, as latin-1 text. */
function payloads(...pieces: (Uint8Array | undefined)[]): string[] {
  const bytes = Buffer.concat(pieces.map((piece) => piece ?? Buffer.alloc(0)))
  return decodePackets(bytes).map(({ payload }) => payload.toString('latin1'))
}

describe('FORWARD_REQUEST', () => {
  test('becomes CGI variables', () => {
    expect(
      variables({
        uri: '/a%20b/c',
        remoteHost: 'client.example',
        headers: [
          [11, 'example.com:81'],
          ['X-Custom', 'é'],
          ['x-custom', 'again'],
          [9, 'a=1'],
          [9, 'b=2'],
          [7, 'text/plain'],
          [8, '0'],
          ['X-Empty', ''],
          ['X-Null', null],
        ],
        attributes: [
          [5, 'q=%2F'],
          [10, 'AJP_REMOTE_PORT', '4711'],
          [10, 'AJP_LOCAL_ADDR', '192.0.2.1'],
        ],
      }),
    ).toEqual({
      REQUEST_METHOD: 'GET',
      SCRIPT_NAME: '',
      PATH_INFO: '/a b/c',
      QUERY_STRING: 'q=%2F',
      REQUEST_URI: '/a%20b/c?q=%2F',
      SERVER_PROTOCOL: 'HTTP/1.1',
      SERVER_NAME: 'example.com',
      SERVER_PORT: '80',
      SERVER_ADDR: '192.0.2.1',
      REMOTE_ADDR: '192.0.2.7',
      REMOTE_HOST: 'client.example',
      REMOTE_PORT: '4711',
      HTTP_HOST: 'example.com:81',
      HTTP_X_CUSTOM: 'é, again',
      HTTP_COOKIE: 'a=1; b=2',
      HTTP_X_EMPTY: '',
      HTTP_X_NULL: '',
      CONTENT_TYPE: 'text/plain',
      CONTENT_LENGTH: '0',
    })
  })

  test('the fields of its header are there as they came, coded names as the specification spells them', () => {
    const { codec } = talk(
      forward({
        headers: [
          [11, 'example.com'],
          ['x-cUSTOM', 'one'],
          [9, 'a=1'],
          ['X-Custom', 'two, three'],
          [9, 'b=2'],
          ['X_Custom', 'forged'],
          ['X-Null', null],
        ],
      }),
    )
    const fields = codec.fields!
    expect(fields.filter((_, at) => at % 2 === 0).join()).toBe('Host,x-cUSTOM,Cookie,X-Custom,Cookie,X_Custom,X-Null')
    expect(fields.filter((_, at) => at % 2 === 1)).toEqual([
      'example.com',
      'one',
      'a=1',
      'two, three',
      'b=2',
      'forged',
      '',
    ])
  })

  test('TLS and authentication', () => {
    expect(
      variables({
        ssl: 1,
        attributes: [
          [1, 'unused'],
          [2, 'unused'],
          [3, 'joe'],
          [4, 'Basic'],
          [6, 'node1'],
          [7, 'PEM'],
          [8, 'AES'],
          [9, 'id'],
          '\x0b\x01\x00',
          [10, 'AJP_SSL_PROTOCOL', 'TLSv1.3'],
          [10, 'JK_LB_ACTIVATION', 'ACT'],
        ],
      }),
    ).toMatchObject({
      HTTPS: 'on',
      REMOTE_USER: 'joe',
      AUTH_TYPE: 'Basic',
      AJP_ROUTE: 'node1',
      SSL_CLIENT_CERT: 'PEM',
      SSL_CIPHER: 'AES',
      SSL_SESSION_ID: 'id',
      SSL_CIPHER_USEKEYSIZE: '256',
      SSL_PROTOCOL: 'TLSv1.3',
      JK_LB_ACTIVATION: 'ACT',
    })
  })

  test.each(
    'OPTIONS GET HEAD POST PUT DELETE TRACE PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK ACL REPORT VERSION-CONTROL CHECKIN CHECKOUT UNCHECKOUT SEARCH MKWORKSPACE UPDATE LABEL MERGE BASELINE-CONTROL MKACTIVITY'
      .split(' ')
      .map((name, index): [number, string] => [index + 1, name]),
  )('method %d is %s', (method, name) => {
    expect(variables({ method }).REQUEST_METHOD).toBe(name)
  })

  test('another method is an attribute', () => {
    expect(variables({ method: 255, attributes: [[13, 'PURGE']] }).REQUEST_METHOD).toBe('PURGE')
  })

  test.each<[string, Forward, Record<string, string>]>([
    ['no query', { uri: '/a' }, { REQUEST_URI: '/a', QUERY_STRING: '' }],
    ['an empty query', { uri: '/a', attributes: [[5, '']] }, { REQUEST_URI: '/a?', QUERY_STRING: '' }],
    ['a whole URI', { uri: 'http://h:1/a/../b' }, { REQUEST_URI: 'http://h:1/a/../b', PATH_INFO: '/b' }],
    ['the server itself', { method: 1, uri: '*' }, { REQUEST_URI: '*', PATH_INFO: '' }],
    ['no server name', { serverName: null }, { SERVER_NAME: 'localhost' }],
  ])('%s', (_, request, expected) => {
    expect(variables(request)).toMatchObject(expected)
  })

  // lighttpd: the path comes decoded, the query as an attribute.
  test.each<[string, string, string]>([
    ['/a%2Fb', '/a%2Fb', '/a%252Fb'],
    ['/100%', '/100%', '/100%25'],
    ['/a%zz', '/a%zz', '/a%25zz'],
    ['/a?b#c d', '/a?b#c d', '/a%3Fb%23c%20d'],
    ['/caf\xc3\xa9/\xe9', '/caf\xc3\xa9/\xe9', '/caf%C3%A9/%E9'],
    ["/-._~!$&'()*+,;=:@", "/-._~!$&'()*+,;=:@", "/-._~!$&'()*+,;=:@"],
    ['/a\\b"<>^`{|}[]\x7f', '/a\\b"<>^`{|}[]\x7f', '/a%5Cb%22%3C%3E%5E%60%7B%7C%7D%5B%5D%7F'],
    ['*', '', '*'],
  ])('a host that decodes the path: %j', (uri, path, target) => {
    const options = { decodedPath: true }
    expect(variables({ uri }, options)).toMatchObject({ PATH_INFO: path, REQUEST_URI: target, QUERY_STRING: '' })
    expect(variables({ uri, attributes: [[5, 'q=%2F']] }, options)).toMatchObject({
      PATH_INFO: path,
      REQUEST_URI: `${target}?q=%2F`,
      QUERY_STRING: 'q=%2F',
    })
  })

  test.each([
    ['x-raw-pct-bad', '/a%zz%4', '/a%25zz%254'],
    ['x-raw-path-8bit', '/caf\xe9', '/caf%E9'],
    ['x-raw-backslash', '/a\\b', '/a%5Cb'],
    ['path-utf8-pct', '/caf\xc3\xa9', '/caf%C3%A9?n=%C3%A9'],
  ])('a host that decodes the path, captured: %s', (name, path, target) => {
    const bytes = bytesOf(`lighttpd-1.4.85-ajp-${name}.bin`)
    for (const cut of [whole, bytewise]) {
      const conversation = new Conversation(ajp.server({ decodedPath: true }))
      conversation.feed(bytes, cut)
      expect(conversation.heard[0]!.variables).toMatchObject({ PATH_INFO: path, REQUEST_URI: target })
    }
  })

  test.each([
    ['/a\0b', 'PATH_NUL'],
    ['/../a', 'PATH_ABOVE_ROOT'],
    ['a', 'AJP_REQUEST'],
  ])('a host that decodes the path: %j is %s', (uri, code) => {
    expect(() => variables({ uri }, { decodedPath: true })).toThrow(failure(code, 400))
  })

  test('attributes that a host names itself do not become variables', () => {
    const attributes: [number, string, string][] = [
      [10, 'MYATTR', 'x'],
      [10, 'REMOTE_USER', 'admin'],
      [10, 'HTTP_HOST', 'evil'],
      [10, 'HTTPS', 'on'],
      [10, '__proto__', 'x'],
    ]
    expect(variables({ attributes })).toEqual(variables({}))
  })

  test.each<[string, Buffer, string, number]>([
    [
      'javax.servlet.* (Ghostcat)',
      forward({ attributes: [[10, 'javax.servlet.include.path_info', '/WEB-INF/web.xml']] }),
      'AJP_ATTRIBUTE',
      403,
    ],
    [
      'jakarta.servlet.*',
      forward({ attributes: [[10, 'jakarta.servlet.include.request_uri', '/']] }),
      'AJP_ATTRIBUTE',
      403,
    ],
    ['an attribute code that does not exist', forward({ attributes: ['\x20'] }), 'AJP_ATTRIBUTE', 400],
    ['a method code that does not exist', forward({ method: 28 }), 'AJP_REQUEST', 400],
    ['a stored method that is not there', forward({ method: 255 }), 'AJP_REQUEST', 400],
    ['a stored method that is no token', forward({ method: 255, attributes: [[13, 'A B']] }), 'AJP_REQUEST', 400],
    ['no path', forward({ uri: null }), 'AJP_REQUEST', 400],
    ['a path above the root', forward({ uri: '/../x' }), 'PATH_ABOVE_ROOT', 400],
    ['a header code that does not exist', forward({ headers: [[15, 'x']] }), 'AJP_PACKET', 400],
    ['a header name that is no token', forward({ headers: [['a b', 'x']] }), 'AJP_HEADER', 400],
    ['a line end in a header', forward({ headers: [['a', 'x\r\nb: y']] }), 'AJP_HEADER', 400],
    [
      'two hosts',
      forward({
        headers: [
          [11, 'a'],
          [11, 'b'],
        ],
      }),
      'HOST_TWICE',
      400,
    ],
    [
      'two lengths',
      forward({
        headers: [
          [8, '1'],
          [8, '2'],
        ],
      }),
      'CONTENT_LENGTH_TWICE',
      400,
    ],
    ['a length that is no number', forward(post('1x')), 'CONTENT_LENGTH_BAD', 400],
    [
      'a length and chunks',
      forward({
        headers: [
          [8, '1'],
          ['transfer-encoding', 'chunked'],
        ],
      }),
      'AJP_LENGTH',
      400,
    ],
    ['no end', forward({ end: '' }), 'AJP_PACKET', 400],
    ['bytes behind the end', forward({ end: '\xff\0' }), 'AJP_PACKET', 400],
    ['a string without NUL', ajpPacket(2, 2, 0, 1, 'xy', 0), 'AJP_PACKET', 400],
    ['a string past the end', ajpPacket(2, 2, 0, 9, 'HTTP'), 'AJP_PACKET', 400],
    ['SHUTDOWN', ajpPacket(7), 'AJP_PACKET', 400],
    ['PING', ajpPacket(8), 'AJP_PACKET', 400],
    ['an empty packet first', EMPTY, 'AJP_PACKET', 400],
    ['a packet from a server', ajpAnswer(9), 'AJP_MAGIC', 400],
  ])('%s is refused', (_, bytes, code, status) => {
    for (const cut of [whole, bytewise]) {
      const conversation = new Conversation(ajp.server())
      expect(() => conversation.feed(bytes, cut)).toThrow(failure(code, status))
      expect(() => conversation.codec.receive(forward())).toThrow(failure('CODEC_DEAD'))
      expect(conversation.heard).toEqual([])
    }
  })

  test('who could not be understood is told, and the connection ends', () => {
    const conversation = new Conversation(ajp.server())
    expect(() => conversation.feed(forward({ method: 28 }), whole)).toThrow(failure('AJP_REQUEST'))
    const head: Head = { status: 400, reason: 'Bad Request', headers: [['Content-Length', '3']] }
    const answer = payloads(conversation.codec.refuse(head, Buffer.from('why')))
    expect(answer).toEqual(['\x04\x01\x90\0\x0bBad Request\0\0\x01\xa0\x03\0\x013\0', '\x03\0\x03why\0', '\x05\0'])
    expect(conversation.codec.keepsOpen(1)).toBe(false)
  })
})

describe('secret', () => {
  const secret = 'p\u00e4ssword'
  const sent = Buffer.from(secret, 'utf8').toString('latin1')

  test('who knows it is let in, with whatever other attributes', () => {
    expect(
      variables(
        {
          attributes: [
            [12, sent],
            [5, 'q'],
          ],
        },
        { secret },
      ),
    ).toMatchObject({ QUERY_STRING: 'q' })
    expect(
      variables(
        {
          attributes: [
            [5, 'q'],
            [12, sent],
          ],
        },
        { secret },
      ),
    ).toMatchObject({ QUERY_STRING: 'q' })
  })

  test('it never becomes a variable, and where none is asked for it does not matter', () => {
    expect(Object.values(variables({ attributes: [[12, 'other']] }))).not.toContain('other')
  })

  test.each([
    ['none', []],
    ['null', [[12, null]]],
    ['an empty one', [[12, '']]],
    ['a beginning of it', [[12, sent.slice(0, -1)]]],
    ['one that goes on', [[12, `${sent}x`]]],
    ['twice it', [[12, sent + sent]]],
    ['another', [[12, sent.toUpperCase()]]],
  ] as [string, Forward['attributes'] & object][])('%s is refused', (_, attributes) => {
    expect(() => variables({ attributes }, { secret })).toThrow(failure('AJP_SECRET', 403))
  })

  test('an empty secret, or packets of another size than there are, is a mistake', () => {
    expect(() => ajp.server({ secret: '' })).toThrow(RangeError)
    for (const packetSize of [8191, 65_537, 9000.5]) expect(() => ajp.client({ packetSize })).toThrow(RangeError)
  })
})

describe('body', () => {
  test('with a length the first packet comes unasked, others are asked for one by one', () => {
    const conversation = talk(forward(post('7')))
    const { codec, heard } = conversation
    expect(heard).toMatchObject([{ length: 7, ended: false }])
    expect(codec.demand(1)).toBeUndefined()
    conversation.feed(ajpBody('abc'), bytewise)
    expect(codec.demand(1)).toEqual(ASK)
    expect(codec.demand(1)).toBeUndefined()
    conversation.feed(ajpBody('def'), whole)
    expect(heard[0]!.ended).toBe(false)
    expect(codec.demand(1)).toEqual(ASK)
    conversation.feed(ajpBody('g'), whole)
    expect(heard[0]!.ended).toBe(true)
    expect(codec.demand(1)).toBeUndefined()
    expect(Buffer.concat(heard[0]!.body).toString()).toBe('abcdefg')
  })

  test.each([
    ['12 34 00 00', EMPTY],
    ['12 34 00 02 00 00', EMPTY_TOO],
  ])('without a length nothing comes until it is asked for, and %s is the end', (_, end) => {
    const conversation = talk(forward(chunked))
    const { codec, heard } = conversation
    expect(heard).toMatchObject([{ length: undefined, ended: false }])
    expect(codec.demand(1)).toEqual(ASK)
    conversation.feed(ajpBody('abc'), bytewise)
    expect(codec.demand(1)).toEqual(ASK)
    conversation.feed(end, bytewise)
    expect(heard[0]!.ended).toBe(true)
    expect(Buffer.concat(heard[0]!.body).toString()).toBe('abc')
    conversation.answer()
    expect(codec.keepsOpen(1)).toBe(true)
  })

  test('it is asked for in packets as large as those of the other side', () => {
    const { codec } = talkTo({ packetSize: 65_536 }, forward(chunked))
    expect(codec.demand(1)).toEqual(Buffer.from([0x41, 0x42, 0, 3, 6, 0xff, 0xfa]))
  })

  test('a request without length or chunks has none', () => {
    expect(talk(forward({ method: 4 })).heard).toMatchObject([{ length: 0, ended: true }])
  })

  test.each([EMPTY, EMPTY_TOO])('lighttpd: an empty packet behind a request without a body', (empty) => {
    for (const early of [true, false]) {
      const conversation = talk(forward(post('0')))
      if (early) conversation.feed(empty, bytewise)
      conversation.answer()
      if (!early) conversation.feed(empty, bytewise)
      conversation.feed(forward(), bytewise)
      expect(conversation.heard).toHaveLength(2)
      conversation.feed(EMPTY, whole)
      expect(() => conversation.feed(EMPTY, whole)).toThrow(failure('AJP_PACKET'))
    }
  })

  test('lighttpd: packets of body bytes without their length', () => {
    const conversation = talk(forward(post('7')), ajpPacket('abcd'))
    // It answers with several packets, so it is asked for all at once.
    expect(conversation.codec.demand(1)).toEqual(Buffer.from([0x41, 0x42, 0, 3, 6, 0, 3]))
    conversation.feed(ajpPacket('\0\0'), bytewise)
    expect(conversation.codec.demand(1)).toBeUndefined()
    conversation.feed(ajpPacket('e'), bytewise)
    expect(Buffer.concat(conversation.heard[0]!.body).toString('latin1')).toBe('abcd\0\0e')
    expect(conversation.heard[0]!.ended).toBe(true)
    // Another form later on the same connection is none.
    conversation.answer()
    conversation.feed(forward(post('1')), whole)
    conversation.feed(ajpPacket('x'), whole)
    expect(conversation.heard[1]).toMatchObject({ ended: true })
  })

  test('lighttpd: a body that begins like its own length is refused, not shortened', () => {
    const conversation = talk(forward(post('4')), ajpPacket('\0\x02ab'))
    expect(conversation.heard[0]!.ended).toBe(false)
    expect(() => conversation.feed(EMPTY, whole)).toThrow(failure('BODY_LENGTH'))
  })

  test.each<[string, Buffer[], string]>([
    ['longer than its length', [forward(post('2')), ajpBody('abc')], 'BODY_LENGTH'],
    ['shorter than its length', [forward(post('2')), ajpBody('a'), EMPTY], 'BODY_LENGTH'],
    ['none, in spite of a length', [forward(post('2')), EMPTY_TOO], 'BODY_LENGTH'],
    ['with another length in it', [forward(chunked), ajpPacket(0, 3, 'ab')], 'AJP_PACKET'],
    ['another form than before', [forward(post('4')), ajpBody('ab'), ajpPacket('cd')], 'AJP_PACKET'],
    ['a next request instead', [forward(chunked), forward()], 'AJP_PACKET'],
    ['and more behind it', [forward(post('1')), ajpBody('a'), ajpBody('b')], 'AJP_PACKET'],
    ['and a next request before the answer', [forward(post('1')), ajpBody('a'), forward()], 'AJP_PACKET'],
  ])('%s is refused', (_, parts, code) => {
    for (const cut of [whole, bytewise]) {
      const conversation = new Conversation(ajp.server())
      expect(() => conversation.feed(Buffer.concat(parts), cut)).toThrow(failure(code))
      expect(conversation.codec.refuse(OK, Buffer.from('x'))).toBeUndefined()
    }
  })

  test('the connection ends too early', () => {
    const end =
      (...parts: Uint8Array[]) =>
      () =>
        talk(...parts).codec.receiveEnd()
    expect(end()).not.toThrow()
    expect(end(forward())).not.toThrow()
    expect(end(forward().subarray(0, 20))).toThrow(failure('AJP_CUT'))
    expect(end(forward(post('2')), ajpBody('a'))).toThrow(failure('BODY_CUT'))
    expect(end(forward(chunked))).toThrow(failure('BODY_CUT'))
  })
})

describe('responses', () => {
  test('a whole one is one piece, and the connection is kept', () => {
    const { codec } = talk(forward())
    const head: Head = {
      status: 404,
      reason: 'Not Found',
      headers: [
        ['content-type', 'text/plain'],
        ['X-A', 'é'],
      ],
    }
    expect(payloads(codec.start(1, head, Buffer.from('Hello'), true))).toEqual([
      '\x04\x01\x94\0\x09Not Found\0\0\x02\xa0\x01\0\x0atext/plain\0\0\x03X-A\0\0\x01é\0',
      '\x03\0\x05Hello\0',
      '\x05\x01',
    ])
    expect(codec.keepsOpen(1)).toBe(true)
  })

  test('all codes of response fields', () => {
    const names =
      'Content-Type Content-Language Content-Length Date Last-Modified Location Set-Cookie Set-Cookie2 Servlet-Engine Status WWW-Authenticate'
    const headers = names.split(' ').map((name): [string, string] => [name, ''])
    const [head] = payloads(talk(forward()).codec.start(1, { ...OK, headers }, undefined, true))
    const fields = headers.map((_, index) => `\xa0${String.fromCharCode(index + 1)}\0\0\0`).join('')
    expect(head).toBe(`\x04\0\xc8\0\x02OK\0\0\x0b${fields}`)
  })

  test('a streamed one is passed on at once by the host, and no packet is too long', () => {
    const { codec } = talk(forward())
    const flush = '\x03\0\0\0'
    expect(payloads(codec.start(1, OK, undefined, false)).at(-1)).toBe(flush)
    const body = Buffer.alloc(200_000, 'x')
    const written = Buffer.concat(codec.data(1, body))
    const packets = decodePackets(written).map(({ payload }) => payload)
    expect(packets.at(-1)!.toString('latin1')).toBe(flush)
    expect(Math.max(...packets.map(({ length }) => length))).toBe(8188)
    expect(packets.every((payload) => payload.at(-1) === 0 && payload.readUInt16BE(1) === payload.length - 4)).toBe(
      true,
    )
    expect(Buffer.concat(packets.map((payload) => payload.subarray(3, -1))).equals(body)).toBe(true)
    expect(codec.data(1, Buffer.alloc(0))).toEqual([])
    expect(payloads(codec.finish(1))).toEqual(['\x05\x01'])
  })

  test('packets are as large as those of the other side', () => {
    const { codec } = talkTo({ packetSize: 65_536 }, forward())
    codec.start(1, OK, undefined, false)
    const packets = decodePackets(Buffer.concat(codec.data(1, Buffer.alloc(65_529))))
    expect(packets.map(({ payload }) => payload.length)).toEqual([65_532, 5, 4])
  })

  test('a body that was not read to its end ends the connection, and nothing more is heard on it', () => {
    for (const parts of [[forward(post('3'))], [forward(post('3')), ajpBody('a')], [forward(chunked)]]) {
      const conversation = talk(...parts)
      const { codec } = conversation
      expect(payloads(codec.start(1, OK, undefined, true)).at(-1)).toBe('\x05\0')
      expect(codec.keepsOpen(1)).toBe(false)
      expect(codec.demand(1)).toBeUndefined()
      conversation.feed(ajpBody('\x02\x02'), bytewise)
      conversation.feed(forward({ uri: '/smuggled' }), bytewise)
      expect(conversation.heard).toHaveLength(1)
      expect(() => codec.receiveEnd()).not.toThrow()
    }
  })

  test('who speaks of a request that is over is told nothing', () => {
    const conversation = talk(forward())
    const { codec } = conversation
    conversation.answer()
    conversation.feed(forward(chunked), whole)
    expect(codec.start(1, OK, undefined, true)).toHaveLength(0)
    expect(codec.data(1, Buffer.from('x'))).toEqual([])
    expect(codec.finish(1)).toBeUndefined()
    expect(codec.demand(1)).toBeUndefined()
    expect(codec.demand(2)).toEqual(ASK)
  })

  test('a head that does not fit is an error of the app, which can be answered', () => {
    const { codec } = talk(forward())
    const long: Head = { ...OK, headers: [['X-Long', 'x'.repeat(8200)]] }
    let thrown: unknown
    try {
      codec.start(1, long, undefined, true)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(AppError)
    expect(thrown).toMatchObject({ code: 'AJP_HEAD', status: 500 })
    expect(payloads(codec.start(1, OK, undefined, true))).toHaveLength(2)
    expect(codec.keepsOpen(1)).toBe(true)
    const { codec: large } = talkTo({ packetSize: 16_384 }, forward())
    expect(() => large.start(1, long, undefined, true)).not.toThrow()
  })

  test('lighttpd takes the length of the first name for the number of fields: it is never too small', () => {
    const first = (headers: [string, string][]): number => {
      const [head] = payloads(talk(forward()).codec.start(1, { ...OK, headers }, undefined, true))
      const bytes = Buffer.from(head!, 'latin1')
      return bytes.readUInt16BE(5 + 'OK'.length + 3)
    }
    const short = Array.from({ length: 6 }, (_, index): [string, string] => [`a${index}`, ''])
    expect(first([...short, ['x-longer', '']])).toBe(8)
    expect(first([...short, ['x-longer', ''], ['Set-Cookie', 'a']])).toBe(0xa007)
    expect(first([['x-longer', ''], ...short])).toBe(8)
  })

  test('CPING is answered between requests, and nowhere else', () => {
    const conversation = talk(ajpPacket(10))
    expect(conversation.replies).toEqual([Buffer.from([0x41, 0x42, 0, 1, 9])])
    conversation.feed(forward(), whole)
    expect(() => conversation.feed(ajpPacket(10), whole)).toThrow(failure('AJP_PACKET'))
    const both = talk(bytesOf('apache-2.4.71-ajp-secret-cping.bin').subarray(0, 195))
    expect([both.replies.length, both.heard.length]).toEqual([1, 1])
  })
})

describe('client', () => {
  const GET = { REQUEST_METHOD: 'GET', REQUEST_URI: '/', SERVER_NAME: 'example.com', REMOTE_ADDR: '192.0.2.7' }
  const POST = { ...GET, REQUEST_METHOD: 'POST' }
  const HEAD = ajpAnswer(4, 0, 200, 0, 2, 'OK', 0, 0, 0)
  const asks = (size: number): Buffer => ajpAnswer(6, size >> 8, size & 0xff)

  test('writes a FORWARD_REQUEST', () => {
    const request = {
      ...GET,
      REQUEST_URI: '/a%20b?q=1',
      SERVER_PORT: '80',
      DOCUMENT_ROOT: '/srv',
      HTTP_HOST: 'example.com',
      HTTP_X_A: 'x',
      HTTP_CONNECTION: 'keep-alive',
      REMOTE_USER: 'joe',
    }
    const headers: Forward['headers'] = [
      [11, 'example.com'],
      ['x-a', 'x'],
    ]
    const attributes: Forward['attributes'] = [
      [12, 's'],
      [3, 'joe'],
      [5, 'q=1'],
    ]
    expect(ajp.client({ secret: 's' }).request(request, 0)).toEqual(forward({ uri: '/a%20b', headers, attributes }))
  })

  test('without REQUEST_URI the path is that of SCRIPT_NAME and PATH_INFO', () => {
    const request = {
      REQUEST_METHOD: 'GET',
      SCRIPT_NAME: '/app',
      PATH_INFO: '/a b\xe9?',
      QUERY_STRING: 'q',
      SERVER_NAME: 'h',
    }
    const server = new Conversation(ajp.server())
    server.feed(ajp.client().request(request, 0), whole)
    expect(server.heard[0]!.variables).toMatchObject({ REQUEST_URI: '/app/a%20b%E9%3F?q', PATH_INFO: '/app/a b\xe9?' })
  })

  test('one length, and never beside chunks', () => {
    const heard = (given: Record<string, string>, length: number | undefined): Record<string, string> => {
      const server = new Conversation(ajp.server())
      server.feed(ajp.client().request({ ...POST, ...given }, length), whole)
      return { ...server.heard[0]!.variables }
    }
    const both = { CONTENT_LENGTH: '9', HTTP_CONTENT_LENGTH: '9', HTTP_TRANSFER_ENCODING: 'chunked' }
    expect(heard(both, 5)).toMatchObject({ CONTENT_LENGTH: '5' })
    expect(heard(both, 5)).not.toHaveProperty('HTTP_TRANSFER_ENCODING')
    expect(heard(both, undefined)).toMatchObject({ HTTP_TRANSFER_ENCODING: 'chunked' })
    expect(heard(both, undefined)).not.toHaveProperty('CONTENT_LENGTH')
    expect(heard({}, 0)).not.toHaveProperty('CONTENT_LENGTH')
  })

  test('a head that does not fit is refused', () => {
    expect(() => ajp.client().request({ ...GET, HTTP_X: 'x'.repeat(8192) }, 0)).toThrow(failure('AJP_HEAD', 431))
    expect(() => ajp.client({ packetSize: 65_536 }).request({ ...GET, HTTP_X: 'x'.repeat(8192) }, 0)).not.toThrow()
  })

  test('with a length the first packet goes unasked, the rest when it is asked for', () => {
    const client = ajp.client()
    client.request(POST, 10)
    expect(client.data(Buffer.from('abc'))).toEqual([ajpBody('abc')])
    expect([client.data(Buffer.from('de')), client.data(Buffer.from('fghij')), client.held]).toEqual([[], [], 7])
    expect(client.receive(asks(4))).toEqual([{ type: 'reply', bytes: ajpBody('defg') }])
    expect([client.finish(), client.held]).toEqual([undefined, 3])
    expect(client.receive(asks(8186))).toEqual([{ type: 'reply', bytes: ajpBody('hij') }])
    expect(client.held).toBe(0)
    // Tomcat asks once more.
    expect(client.receive(asks(8186))).toEqual([{ type: 'reply', bytes: EMPTY }])
    expect(client.receive(HEAD)).toMatchObject([{ type: 'head', head: { status: 200, reason: 'OK' } }])
    expect(client.receive(ajpAnswer(5, 1))).toEqual([{ type: 'end', reuse: true }])
  })

  test('without a length nothing goes unasked, and the end is an empty packet', () => {
    const client = ajp.client()
    client.request(POST, undefined)
    expect(client.receive(asks(100))).toEqual([{ type: 'demand', size: 100 }])
    expect(client.data(Buffer.from('abc'))).toEqual([ajpBody('abc')])
    expect(client.receive(asks(100))).toEqual([{ type: 'demand', size: 100 }])
    expect(client.finish()).toEqual(EMPTY)
    expect(client.finish()).toBeUndefined()
  })

  test('a server that asks for a body that is not there is told so', () => {
    const client = ajp.client()
    client.request(GET, 0)
    expect(client.receive(asks(8186))).toEqual([{ type: 'reply', bytes: EMPTY }])
  })

  test('an answer before the end of the body: the connection is not used again, and what is kept goes', () => {
    for (const early of [Buffer.alloc(0), Buffer.from('abc')]) {
      const client = ajp.client()
      client.request(POST, 6)
      client.data(early)
      client.data(Buffer.from('d'))
      expect(client.receive(Buffer.concat([HEAD, ajpAnswer(5, 1)])).at(-1)).toEqual({ type: 'end', reuse: false })
      expect([client.held, client.data(Buffer.from('e')), client.finish()]).toEqual([0, [], undefined])
    }
  })

  test('the server does not want the connection to be used again', () => {
    const client = ajp.client()
    client.request(GET, 0)
    expect(client.receive(Buffer.concat([HEAD, ajpAnswer(5, 0)])).at(-1)).toEqual({ type: 'end', reuse: false })
  })

  test.each<[string, Buffer[], string]>([
    ['a body before its head', [ajpAnswer(3, 0, 1, 'x', 0)], 'AJP_PACKET'],
    ['an end before its head', [ajpAnswer(5, 1)], 'RESPONSE_HEAD'],
    ['two heads', [HEAD, HEAD], 'AJP_PACKET'],
    ['bytes past the end', [HEAD, ajpAnswer(3, 0, 9, 'x', 0)], 'AJP_PACKET'],
    ['a header with a line end', [ajpAnswer(4, 0, 200, 0, 0, 0, 0, 1, 0, 1, 'a', 0, 0, 2, 'x\n', 0)], 'RESPONSE_HEAD'],
    ['a header without a name', [ajpAnswer(4, 0, 200, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 'x', 0)], 'RESPONSE_HEAD'],
    ['a reason with a line end', [ajpAnswer(4, 0, 200, 0, 2, 'O\n', 0, 0, 0)], 'RESPONSE_HEAD'],
    ['no status', [ajpAnswer(4, 0, 0, 0, 2, 'OK', 0, 0, 0)], 'RESPONSE_HEAD'],
    ['more fields announced than there are', [ajpAnswer(4, 0, 200, 0, 2, 'OK', 0, 0xff, 0xff)], 'AJP_PACKET'],
    ['a question for no bytes', [asks(0)], 'AJP_PACKET'],
    ['a packet of another type', [ajpAnswer(2)], 'AJP_PACKET'],
    ['CPONG in a response', [ajpAnswer(9)], 'AJP_PACKET'],
    ['a packet from a web server', [ajpPacket(10)], 'AJP_MAGIC'],
  ])('%s is refused', (_, parts, code) => {
    for (const cut of [whole, bytewise]) {
      const client = ajp.client()
      client.request(GET, 0)
      const run = (): void => cut(Buffer.concat(parts)).forEach((piece) => client.receive(piece))
      expect(run).toThrow(failure(code, 502))
      expect(() => client.receive(HEAD)).toThrow(failure('CODEC_DEAD', 502))
    }
  })

  test('the server closes', () => {
    const idle = ajp.client()
    expect(idle.receiveEnd()).toEqual([])
    for (const parts of [[], [HEAD]]) {
      const client = ajp.client()
      client.request(GET, 0)
      for (const part of parts) client.receive(part)
      expect(() => client.receiveEnd()).toThrow(failure('RESPONSE_CUT', 502))
    }
  })
})
