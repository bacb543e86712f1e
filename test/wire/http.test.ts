// HTTP/1.1 requests (RFC 9110, RFC 9112), rule by rule: what the server codec understands, and what it refuses. The answers are in
// http-response.test.ts; what node:http makes of the same bytes in http-differential.test.ts.
import { describe, expect, test } from 'vitest'
import type { PeerError } from '../../sidecar/errors.ts'
import type { ProtocolOptions } from '../../sidecar/wire/codec.ts'
import { http } from '../../sidecar/wire/http.ts'
import { Conversation, OK, type Heard } from './converse.ts'
import { PEER } from './decode-http.ts'
import { bytewise, random, randomly, seed, whole, type Cut } from './splits.ts'

const HOST = 'Host: h\r\n'
const POST = `POST / HTTP/1.1\r\n${HOST}`
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')
const failure = (code: string, status = 400): unknown => expect.objectContaining({ code, status, blame: 'peer' })
const cuts: [string, Cut][] = [
  ['whole', whole],
  ['byte by byte', bytewise],
  ['in random pieces', randomly(random(seed))],
]

function talk(text: string, cut: Cut = whole, options: ProtocolOptions = { peer: PEER }): Conversation {
  const conversation = new Conversation(http.server(options))
  conversation.feed(latin1(text), cut)
  return conversation
}

/** The requests in `text`, each answered at once, however it is cut. */
function requests(text: string): Heard[] {
  const [first, ...others] = cuts.map(([, cut]) => {
    const conversation = new Conversation(http.server({ peer: PEER }))
    for (const piece of cut(latin1(text))) {
      conversation.feed(piece, whole)
      conversation.goOn()
    }
    return conversation.heard.map((request) => ({ ...request, body: [Buffer.concat(request.body)] }))
  })
  for (const other of others) expect(other).toEqual(first)
  return first!
}

/** The only request in `text`. */
function request(text: string): Heard {
  const [first, ...others] = requests(text)
  expect(others).toEqual([])
  return first!
}

/** The error that `text` ends in, the same however it is cut; nothing is read after it. */
function refusal(text: string): PeerError {
  const [first, ...others] = cuts.map(([, cut]) => {
    const conversation = new Conversation(http.server({ peer: PEER }))
    const error = thrown(() => conversation.feed(latin1(text), cut))
    expect(thrown(() => conversation.codec.receive(latin1('GET / HTTP/1.1\r\n')))).toEqual(failure('CODEC_DEAD'))
    expect(conversation.codec.keepsOpen(1)).toBe(false)
    return error
  })
  for (const other of others) expect(other).toEqual(failure(first!.code, first!.status))
  return first!
}

function thrown(step: () => unknown): PeerError {
  try {
    step()
  } catch (error) {
    return error as PeerError
  }
  throw new Error('nothing was thrown')
}

const get = (line: string, fields = HOST): string => `${line}\r\n${fields}\r\n`
const bodyOf = ({ body }: Heard): string => Buffer.concat(body).toString('latin1')

describe('the request line (RFC 9112 3)', () => {
  test('becomes variables (RFC 3875 4.1)', () => {
    const fields =
      'Host: Example.com:81\r\nX-A:1\r\nx-a: \t 2 \t\r\nCookie: a=1\r\nCookie: b=2\r\nX-Empty:\r\nX-L: caf\xe9\r\n'
    expect({ ...request(get('GET /a%20b/../c?q=%2F HTTP/1.1', fields)).variables }).toEqual({
      REQUEST_METHOD: 'GET',
      SCRIPT_NAME: '',
      PATH_INFO: '/c',
      QUERY_STRING: 'q=%2F',
      REQUEST_URI: '/a%20b/../c?q=%2F',
      SERVER_PROTOCOL: 'HTTP/1.1',
      SERVER_NAME: 'Example.com',
      SERVER_PORT: '81',
      REMOTE_ADDR: '192.0.2.7',
      REMOTE_PORT: '4711',
      HTTP_HOST: 'Example.com:81',
      HTTP_X_A: '1, 2',
      HTTP_COOKIE: 'a=1; b=2',
      HTTP_X_EMPTY: '',
      HTTP_X_L: 'caf\xe9',
    })
  })

  test.each(['GET', 'PURGE', 'M-SEARCH', 'get', "!#$%&'*+-.^_`|~09"])('the method %s (RFC 9110 9.1)', (method) => {
    expect(request(get(`${method} / HTTP/1.1`)).variables.REQUEST_METHOD).toBe(method)
  })

  test.each([
    ['no method', ' / HTTP/1.1'],
    ['a method that is no token', 'G(T / HTTP/1.1'],
    ['a method with a colon', 'GET: / HTTP/1.1'],
    ['8 bits in the method', 'G\xcbT / HTTP/1.1'],
    ['two spaces', 'GET  / HTTP/1.1'],
    ['a space in the target', 'GET /a b HTTP/1.1'],
    ['a tab', 'GET\t/ HTTP/1.1'],
    ['a tab in the target', 'GET /\t HTTP/1.1'],
    ['NUL in the target', 'GET /\0 HTTP/1.1'],
    ['DEL in the target', 'GET /\x7f HTTP/1.1'],
    ['CR in the target', 'GET /\r HTTP/1.1'],
    ['a space behind the version', 'GET / HTTP/1.1 '],
    ['a word behind the version', 'GET / HTTP/1.1 x'],
    ['no version: HTTP/0.9 (RFC 9112 2.3)', 'GET /'],
    ['an empty version', 'GET / '],
    ['another protocol', 'GET / ICY/1.1'],
    ['lower case (RFC 9112 2.3)', 'GET / http/1.1'],
    ['a version of two digits', 'GET / HTTP/1.10'],
    ['a comma in the version', 'GET / HTTP/1,1'],
    ['one word', 'GET'],
  ])('%s is refused', (_, line) => {
    expect(refusal(get(line))).toEqual(failure('HTTP_SYNTAX'))
  })

  test.each(['HTTP/2.0', 'HTTP/1.2', 'HTTP/0.9', 'HTTP/3', 'HTTP/2'])(
    '%s is not spoken (RFC 9110 15.6.6)',
    (version) => {
      const error = refusal(get(`GET / ${version}`))
      expect(error).toEqual(failure('HTTP_VERSION', 505))
      expect(error.message).not.toContain('this is HTTP/2')
    },
  )

  test('the preface of HTTP/2 (RFC 9113 3.4)', () => {
    const error = refusal('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    expect(error).toEqual(failure('HTTP_VERSION', 505))
    expect(error.message).toContain('this is HTTP/2')
  })

  test('a wrong request line is refused before the head ends', () => {
    expect(refusal('GET / HTTP/2.0\r\n')).toEqual(failure('HTTP_VERSION', 505))
  })

  test('one empty line ahead is skipped (RFC 9112 2.2), a second is not', () => {
    expect(request(`\r\n${get('GET /a HTTP/1.1')}`).variables.PATH_INFO).toBe('/a')
    expect(requests(`\r\n${get('GET /a HTTP/1.1')}\r\n${get('GET /b HTTP/1.1')}`)).toHaveLength(2)
    expect(refusal(`\r\n\r\n${get('GET / HTTP/1.1')}`)).toEqual(failure('HTTP_SYNTAX'))
    expect(refusal(`\r\r\n${get('GET / HTTP/1.1')}`)).toEqual(failure('HTTP_SYNTAX'))
    expect(refusal(`\n${get('GET / HTTP/1.1')}`)).toEqual(failure('HTTP_SYNTAX'))
  })

  test.each([
    ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'this is TLS'],
    ['\0\0', 'it begins with the byte 00'],
    [' GET / HTTP/1.1\r\n', 'it begins with the byte 20'],
  ])('what begins with %j: %s', (text, why) => {
    const error = refusal(text)
    expect(error).toEqual(failure('HTTP_SYNTAX'))
    expect(error.message).toContain(why)
  })
})

describe('the target (RFC 9112 3.2)', () => {
  const absolute = { HTTP_HOST: 'other.example:99', SERVER_NAME: 'other.example', SERVER_PORT: '99' }
  test.each<[string, string, Record<string, string>]>([
    ['origin form', '/', { PATH_INFO: '/', QUERY_STRING: '' }],
    ['an empty query', '/a?', { PATH_INFO: '/a', QUERY_STRING: '', REQUEST_URI: '/a?' }],
    ['a query with a question mark', '/a?b?c', { PATH_INFO: '/a', QUERY_STRING: 'b?c' }],
    ['two slashes, no authority', '//other.example/a', { PATH_INFO: '//other.example/a', HTTP_HOST: 'h' }],
    ['8 bits, as some clients send them', '/caf\xe9', { PATH_INFO: '/caf\xe9', REQUEST_URI: '/caf\xe9' }],
    ['a fragment, which no client sends', '/a?b#c?d', { PATH_INFO: '/a', QUERY_STRING: 'b', REQUEST_URI: '/a?b#c?d' }],
    [
      'what looks absolute, in the path',
      '/http://other.example',
      { PATH_INFO: '/http://other.example', HTTP_HOST: 'h' },
    ],
    ['absolute form (3.2.2): its authority counts', 'http://other.example:99/a?b', { ...absolute, PATH_INFO: '/a' }],
    ['absolute form without a path', 'http://other.example:99?b', { ...absolute, PATH_INFO: '/', QUERY_STRING: 'b' }],
    ['absolute form in odd case', 'HttpS://other.example:99', { ...absolute, PATH_INFO: '/' }],
    [
      'absolute form with an IPv6 address',
      'http://[::1]:8/',
      { HTTP_HOST: '[::1]:8', SERVER_NAME: '[::1]', SERVER_PORT: '8' },
    ],
  ])('%s', (_, target, expected) => {
    const { variables, failure: wrong } = request(get(`GET ${target} HTTP/1.1`))
    expect(wrong).toBeUndefined()
    expect({ ...variables }).toMatchObject(expected)
  })

  test('asterisk form (3.2.4)', () => {
    expect({ ...request(get('OPTIONS * HTTP/1.1')).variables }).toMatchObject({ REQUEST_URI: '*', PATH_INFO: '' })
    expect(refusal(get('GET * HTTP/1.1'))).toEqual(failure('HTTP_SYNTAX'))
    expect(refusal(get('OPTIONS ** HTTP/1.1'))).toEqual(failure('HTTP_SYNTAX'))
    expect(refusal(get('OPTIONS *?a HTTP/1.1'))).toEqual(failure('HTTP_SYNTAX'))
  })

  test.each(['h:443', '/', 'http://h/'])('authority form (3.2.3), CONNECT %s: this is no proxy', (target) => {
    const { failure: wrong, variables } = request(get(`CONNECT ${target} HTTP/1.1`))
    expect(wrong).toEqual(failure('HTTP_METHOD', 501))
    expect(variables.REQUEST_URI).toBe(target)
  })

  test.each([
    ['no slash', 'a/b'],
    ['an authority for another method', 'h:443'],
    ['no authority', 'http:///a'],
    ['no slashes', 'http:/h/a'],
    ['a query where an authority should be', 'http://?a'],
    // The host that it means cannot be told from Host.
    ['another scheme', 'ftp://other.example/'],
    ['a scheme with a plus', 'http+unix://other.example/'],
    ['a fragment in place of a path', 'http://h#a'],
    ['a backslash', '\\a'],
    ['an empty one', ''],
  ])('%s is refused', (_, target) => {
    expect(refusal(get(`GET ${target} HTTP/1.1`))).toEqual(failure('HTTP_SYNTAX'))
  })

  // Read as the target of a URL, each of them has another host than one that looks for the first @ finds.
  test.each([
    'http://user@other.example/',
    'http://user:password@other.example/',
    'http://other.example\\@evil.example/',
    'http://a@b@c/',
    'http://a:b/',
    'http://:80/',
    'http://a:80:81/',
    'http://[::1/',
    'http://caf\xe9/',
    'http://a%/',
  ])('%s: a host that another reader might not find', (target) => {
    expect(request(get(`GET ${target} HTTP/1.1`)).failure).toEqual(failure('HOST_BAD'))
  })

  test('an @ behind the authority makes no other host', () => {
    const { variables, failure: wrong } = request(get('GET http://other.example?@evil.example/ HTTP/1.1'))
    expect(wrong).toBeUndefined()
    expect({ ...variables }).toMatchObject({ HTTP_HOST: 'other.example', QUERY_STRING: '@evil.example/' })
  })

  test.each([
    ['/a%zz', 'PATH_ESCAPE'],
    ['/a%00', 'PATH_NUL'],
    ['/a/%2e%2e/../b', 'PATH_ABOVE_ROOT'],
  ])('%s is turned away: %s', (target, code) => {
    const { variables, failure: wrong } = request(get(`GET ${target} HTTP/1.1`))
    expect(wrong).toEqual(failure(code))
    expect(variables.REQUEST_URI).toBe(target)
  })
})

describe('Host (RFC 9112 3.2)', () => {
  test.each<[string, string, Record<string, string>]>([
    ['h', 'HTTP/1.1', { HTTP_HOST: 'h', SERVER_NAME: 'h', SERVER_PORT: '8000' }],
    ['h:81', 'HTTP/1.1', { HTTP_HOST: 'h:81', SERVER_NAME: 'h', SERVER_PORT: '81' }],
    ['h:', 'HTTP/1.1', { HTTP_HOST: 'h:', SERVER_NAME: 'h', SERVER_PORT: '8000' }],
    ['[2001:db8::1]', 'HTTP/1.1', { SERVER_NAME: '[2001:db8::1]', SERVER_PORT: '8000' }],
    ['[2001:db8::1]:81', 'HTTP/1.1', { SERVER_NAME: '[2001:db8::1]', SERVER_PORT: '81' }],
    // Of a target without an authority.
    ['', 'HTTP/1.1', { HTTP_HOST: '', SERVER_NAME: 'localhost', SERVER_PORT: '8000' }],
    ["a_b.~!$&'()*+,;=%41", 'HTTP/1.1', { HTTP_HOST: "a_b.~!$&'()*+,;=%41" }],
  ])('%j', (host, version, expected) => {
    const { variables, failure: wrong } = request(get(`GET / ${version}`, `Host: ${host}\r\n`))
    expect(wrong).toBeUndefined()
    expect({ ...variables }).toMatchObject(expected)
  })

  test('is missing: only HTTP/1.0 may', () => {
    expect(request(get('GET / HTTP/1.1', '')).failure).toEqual(failure('HOST_MISSING'))
    expect(request(get('GET http://other.example/ HTTP/1.1', '')).failure).toEqual(failure('HOST_MISSING'))
    const { variables, failure: wrong } = request(get('GET / HTTP/1.0', ''))
    expect(wrong).toBeUndefined()
    expect({ ...variables }).toMatchObject({ SERVER_NAME: 'localhost', SERVER_PROTOCOL: 'HTTP/1.0' })
    expect(variables.HTTP_HOST).toBeUndefined()
  })

  test.each(['HTTP/1.1', 'HTTP/1.0'])('comes twice in %s', (version) => {
    expect(request(get(`GET / ${version}`, 'Host: h\r\nhost: h\r\n')).failure).toEqual(failure('HOST_TWICE'))
  })

  test.each([
    'a b',
    'a/b',
    'a\\b',
    'user@h',
    'a?b',
    'a#b',
    'h:80:81',
    'h:x',
    ':80',
    '[::1',
    '::1',
    'caf\xe9',
    '"h"',
    'a%',
    '<a>',
  ])('%j is none', (host) => {
    for (const version of ['1.1', '1.0']) {
      const { failure: wrong } = request(get(`GET / HTTP/${version}`, `Host: ${host}\r\n`))
      expect(wrong).toEqual(failure('HOST_BAD'))
    }
  })
})

describe('fields (RFC 9112 5)', () => {
  test.each([
    ['a space before the colon (5.1)', 'X-A : 1\r\n'],
    ['a tab before the colon', 'X-A\t: 1\r\n'],
    ['no colon', 'X-A\r\n'],
    ['no colon, and one in the next line', 'X-A\r\nX-B: 1\r\n'],
    ['no name', ': 1\r\n'],
    ['a name that is no token', 'X(A): 1\r\n'],
    ['8 bits in a name', 'X-\xc4: 1\r\n'],
    ['a folded value (5.2)', 'X-A: 1\r\n 2\r\n'],
    ['a value folded with a tab', 'X-A: 1\r\n\t2\r\n'],
    ['a folded value with a colon', 'X-A: 1\r\n b: 2\r\n'],
    ['NUL (RFC 9110 5.5)', 'X-A: a\0b\r\n'],
    ['a control character', 'X-A: a\x01b\r\n'],
    ['DEL', 'X-A: a\x7fb\r\n'],
    ['CR alone (2.2)', 'X-A: a\rb\r\n'],
    ['LF alone (2.2)', 'X-A: a\nb\r\n'],
    ['LF alone as a line end', 'X-A: a\nX-B: b\r\n'],
    ['CR twice', 'X-A: a\r\r\n'],
    ['LF before CR', 'X-A: a\n\r\n'],
  ])('%s is refused', (_, fields) => {
    expect(refusal(get('GET / HTTP/1.1', HOST + fields))).toEqual(failure('HTTP_SYNTAX'))
  })

  test('white space before the first field (2.2)', () => {
    expect(refusal(`GET / HTTP/1.1\r\n ${HOST}\r\n`)).toEqual(failure('HTTP_SYNTAX'))
  })

  test('LF alone at the end of the head', () => {
    expect(refusal(`GET / HTTP/1.1\r\n${HOST}\n`)).toEqual(failure('HTTP_SYNTAX'))
    expect(refusal(`GET / HTTP/1.1\n${HOST}\r\n`)).toEqual(failure('HTTP_SYNTAX'))
    expect(refusal('GET / HTTP/1.1\nHost: h\n\n')).toEqual(failure('HTTP_SYNTAX'))
  })

  test('`_` or `.` beside `-`, and Proxy', () => {
    const twins = get(
      'GET / HTTP/1.1',
      `${HOST}X-A: 1\r\nX_A: 2\r\nContent_Length: 5\r\nX_B: 3\r\nX.A: 4\r\nTransfer.Encoding: chunked\r\n`,
    )
    const leftOut: string[] = []
    const { variables } = talk(twins, whole, { peer: PEER, leftOut: (field) => leftOut.push(field) }).heard[0]!
    expect(variables).toMatchObject({ HTTP_X_A: '1' })
    expect(Object.keys(variables).filter((name) => /CONTENT|X_B/.test(name))).toEqual([])
    expect(leftOut).toEqual(['X_A', 'Content_Length', 'X_B', 'X.A', 'Transfer.Encoding'])
    const taken = { peer: PEER, underscores: true }
    expect(talk(twins, whole, taken).heard[0]!.failure).toEqual(failure('HEADER_TWIN'))
    const dotted = get('GET / HTTP/1.1', `${HOST}X-A: 1\r\nX.A: 2\r\n`)
    expect(talk(dotted, whole, taken).heard[0]!.failure).toEqual(failure('HEADER_TWIN'))
    const alone = get('GET / HTTP/1.1', `${HOST}X_B: 3\r\nContent_Type: a/b\r\nTransfer_Encoding: chunked\r\n`)
    const given = talk(alone, whole, taken).heard[0]!.variables
    expect(Object.keys(given).filter((name) => /X_B|CONTENT|ENCODING/.test(name))).toEqual(['HTTP_X_B'])
    expect(request(get('GET / HTTP/1.1', `${HOST}Proxy: evil\r\n`)).variables.HTTP_PROXY).toBeUndefined()
  })

  test('for who looks at what a client sends, nothing is left out', () => {
    const options = { peer: PEER, raw: true }
    expect({ ...talk(get('GET / HTTP/1.1', `${HOST}Proxy: x\r\n`), whole, options).heard[0]!.variables }).toMatchObject(
      { HTTP_PROXY: 'x' },
    )
    const twins = talk(get('GET / HTTP/1.1', `${HOST}X-A: 1\r\nX_A: 2\r\n`), whole, options).heard[0]!
    expect(twins.failure).toEqual(failure('HEADER_TWIN'))
    expect({ ...twins.variables }).toMatchObject({ HTTP_X_A: '1, 2', HTTP_HOST: 'h' })
  })
})

describe('the length of a body (RFC 9112 6)', () => {
  test.each<[string, string, number, string]>([
    ['none', '', 0, ''],
    ['none for a method that has one (6.3)', '', 0, ''],
    ['Content-Length', 'Content-Length: 5\r\n\r\nhello', 5, 'hello'],
    ['in odd case and with white space', 'cOnTent-lENGTH:\t 5 \r\n\r\nhello', 5, 'hello'],
    ['zeros ahead', 'Content-Length: 005\r\n\r\nhello', 5, 'hello'],
    ['zero', 'Content-Length: 0\r\n\r\n', 0, ''],
    ['zeros', 'Content-Length: 00\r\n\r\n', 0, ''],
    [
      'a body that looks like a request',
      'Content-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n',
      18,
      'GET / HTTP/1.1\r\n\r\n',
    ],
  ])('%s', (_, rest, length, body) => {
    const found = request(`${POST}${rest || '\r\n'}`)
    expect(found).toMatchObject({ length, ended: true })
    expect(bodyOf(found)).toBe(body)
  })

  test.each([
    ['+5'],
    ['-5'],
    ['5,5'],
    ['5, 5'],
    ['5 5'],
    ['0x5'],
    ['5.0'],
    ['5e0'],
    ['5;'],
    [''],
    ['\xb2'],
    ['1000000000000000'],
    ['99999999999999999999999999'],
  ])('Content-Length: %s is no number (6.3)', (length) => {
    expect(refusal(`${POST}Content-Length: ${length}\r\n\r\nhello`)).toEqual(failure('CONTENT_LENGTH_BAD'))
  })

  test.each([
    ['two equal lengths', 'Content-Length: 5\r\nContent-Length: 5\r\n'],
    ['two different lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
    ['two lengths, one of them none', 'Content-Length: 5\r\nContent-Length:\r\n'],
    ['two lengths in odd case', 'Content-Length: 5\r\ncontent-length: 5\r\n'],
    ['length, coding (6.1)', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
    ['coding, length', 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n'],
    ['coding, length 0', 'Transfer-Encoding: chunked\r\nContent-Length: 0\r\n'],
    ['a length and an unknown coding', 'Transfer-Encoding: x\r\nContent-Length: 5\r\n'],
    ['an empty coding and a length', 'Transfer-Encoding:\r\nContent-Length: 5\r\n'],
    ['two codings', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'],
    ['two codings, one unknown', 'Transfer-Encoding: chunked\r\ntransfer-encoding: identity\r\n'],
    ['a coding with white space before the colon', 'Transfer-Encoding : chunked\r\n'],
    ['a folded coding', 'Transfer-Encoding:\r\n chunked\r\n'],
  ])('%s are refused', (_, fields) => {
    expect(refusal(`${POST}${fields}\r\n0\r\n\r\n`)).toEqual(failure('HTTP_SYNTAX'))
  })

  test.each([
    'gzip',
    'gzip, chunked',
    'chunked, gzip',
    'chunked, chunked',
    'chunked,',
    ', chunked',
    'identity',
    'xchunked',
    '"chunked"',
    // Hidden from who takes spaces only.
    '\tchunked',
    'chunked\t',
    ' \t chunked',
    'chunked;q=1',
    '',
  ])('the coding %j is not known (6.1)', (coding) => {
    expect(refusal(`${POST}Transfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`)).toEqual(failure('HTTP_CODING', 501))
  })

  test('HTTP/1.0 has no codings (6.1)', () => {
    expect(refusal(`POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)).toEqual(
      failure('HTTP_SYNTAX'),
    )
    const found = request(`POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nab`)
    expect([found.length, bodyOf(found)]).toEqual([2, 'ab'])
  })
})

describe('chunks (RFC 9112 7.1)', () => {
  test.each<[string, string, string]>([
    ['none', '0\r\n\r\n', ''],
    ['one', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['several', '3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n', 'hello'],
    ['with line ends in them', '6\r\na\r\n\r\nb\r\n0\r\n\r\n', 'a\r\n\r\nb'],
    [
      'sizes in both cases, with zeros ahead',
      '00a\r\n0123456789\r\n0A\r\n0123456789\r\n000\r\n\r\n',
      '01234567890123456789',
    ],
    ['white space in extensions (7.1.1)', '5 ; a\t=\t"b" ;\tc = d\r\nhello\r\n0\t;end\r\n\r\n', 'hello'],
    ['extensions (7.1.1)', '5;a;b=c;d="e;\\"\t\\\\\xe9"\r\nhello\r\n0;end\r\n\r\n', 'hello'],
    ['a trailer (7.1.2)', '5\r\nhello\r\n0\r\nX-T: 1\r\nX-Empty:\r\n\r\n', 'hello'],
    ['a trailer that lies: it is dropped', '5\r\nhello\r\n0\r\nHost: evil\r\nConnection: close\r\n\r\n', 'hello'],
  ])('%s', (_, chunks, body) => {
    const [found, next] = requests(`${CHUNKED}${chunks}${get('GET /next HTTP/1.1')}`)
    expect(found).toMatchObject({ length: undefined, ended: true })
    expect(bodyOf(found!)).toBe(body)
    expect(found!.variables).toMatchObject({ HTTP_HOST: 'h', HTTP_TRANSFER_ENCODING: 'chunked' })
    expect(next!.variables.PATH_INFO).toBe('/next')
  })

  test('are the same wherever they are cut', () => {
    const bytes = latin1(`${CHUNKED}3;x="\\""\r\nhel\r\n2\r\nlo\r\n0\r\nX-T: 1\r\n\r\n`)
    for (let at = 1; at < bytes.length; at++) {
      const conversation = new Conversation(http.server())
      conversation.feed(bytes, (all) => [all.subarray(0, at), all.subarray(at)])
      expect(bodyOf(conversation.heard[0]!)).toBe('hello')
      expect(conversation.heard[0]!.ended).toBe(true)
    }
  })

  test.each([
    ['no size', '\r\n\r\n'],
    ['a sign', '+5\r\nhello\r\n'],
    ['a minus', '-5\r\nhello\r\n'],
    ['0x', '0x5\r\nhello\r\n'],
    ['a letter beyond f', '5g\r\nhello\r\n'],
    ['a space ahead', ' 5\r\nhello\r\n'],
    ['a space behind', '5 \r\nhello\r\n'],
    ['a tab behind', '5\t\r\nhello\r\n'],
    ['white space behind an extension', '5;a \r\nhello\r\n'],
    ['white space in place of a name', '5; \r\nhello\r\n'],
    ['a size that is not exact in a number', '10000000000000\r\n'],
    ['a size of 20 digits', 'fffffffffffffffffffff\r\n'],
    ['a size that wraps to 5 in 64 bits', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
    ['an empty extension', '5;\r\nhello\r\n'],
    ['an extension without a name', '5;=a\r\nhello\r\n'],
    ['an extension without a value', '5;a=\r\nhello\r\n'],
    ['a quote that is not closed', '5;a="b\r\nhello\r\n'],
    ['NUL in an extension', '5;a\0\r\nhello\r\n'],
    ['CR in an extension', '5;a\rb\r\nhello\r\n'],
    ['CR in a quoted extension', '5;a="\r"\r\nhello\r\n'],
    ['LF alone behind a size', '5\nhello\r\n'],
    ['LF alone behind an extension', '5;a\nhello\r\n'],
    ['LF alone behind a chunk', '5\r\nhello\n0\r\n\r\n'],
    ['LF alone behind the last chunk', '0\n\r\n'],
    ['LF alone at the end', '0\r\n\n'],
    ['CR twice', '5\r\r\nhello\r\n'],
    ['more bytes than the size', '5\r\nhello!\r\n'],
    ['two bytes more than the size', '5\r\nhello!!\r\n0\r\n\r\n'],
    ['fewer bytes than the size', '5\r\nhell\r\n0\r\n\r\n'],
    ['an empty line ahead of a size', '5\r\nhello\r\n\r\n0\r\n\r\n'],
    ['a trailer without a colon', '0\r\nabc\r\n\r\n'],
    ['a trailer with a space before the colon', '0\r\nX : a\r\n\r\n'],
    ['a length in the trailer (RFC 9110 6.5.1)', '5\r\nhello\r\n0\r\ncontent-length: 5\r\n\r\n'],
    ['a coding in the trailer', '5\r\nhello\r\n0\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['a folded trailer', '0\r\nX: a\r\n b\r\n\r\n'],
    ['a trailer with NUL', '0\r\nX: \0\r\n\r\n'],
    ['a trailer with CR alone', '0\r\nX: a\rb\r\n\r\n'],
    ['a trailer with LF alone', '0\r\nX: a\nY: b\r\n\r\n'],
    ['a request where the trailer should be', '0\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n'],
  ])('%s is refused', (_, chunks) => {
    expect(refusal(CHUNKED + chunks)).toEqual(failure('HTTP_SYNTAX'))
  })

  test('bytes behind a chunk are refused before their line ends', () => {
    expect(refusal(`${CHUNKED}5\r\nhelloworld`)).toEqual(failure('HTTP_SYNTAX'))
  })
})

describe('pipelining (RFC 9112 9.3.2)', () => {
  const two = `${POST}Content-Length: 3\r\n\r\nabc${get('GET /2 HTTP/1.1')}`

  test.each(cuts)('a next request waits for the end of the response, %s', (_, cut) => {
    const conversation = talk(two, cut)
    const { codec, heard } = conversation
    expect(heard).toHaveLength(1)
    expect(codec.pending).toBe(true)
    codec.start(1, OK, undefined, false)
    codec.data(1, latin1('x'))
    conversation.feed(Buffer.alloc(0), whole)
    expect(heard).toHaveLength(1)
    codec.finish(1)
    conversation.feed(Buffer.alloc(0), whole)
    expect(heard.map(({ id, variables }) => [id, variables.PATH_INFO])).toEqual([
      [1, '/'],
      [2, '/2'],
    ])
    expect(codec.pending).toBe(false)
  })

  test('what is not correct in it costs the requests ahead nothing', () => {
    const conversation = talk(`${get('GET /1 HTTP/1.1')}GET /2 HTTP/9.9\r\n\r\n`)
    expect(conversation.heard).toHaveLength(1)
    expect(conversation.answer().toString()).toMatch(/^HTTP\/1\.1 200 OK/)
    expect(() => conversation.feed(Buffer.alloc(0), whole)).toThrow(failure('HTTP_VERSION', 505))
    expect(conversation.codec.pending).toBe(false)
  })

  test('one that is not complete is not pending once it was looked at', () => {
    const conversation = talk(`${get('GET /1 HTTP/1.1')}GET /2 HT`)
    expect(conversation.codec.pending).toBe(true)
    conversation.goOn()
    expect(conversation.codec.pending).toBe(false)
    conversation.feed(latin1(`TP/1.1\r\n${HOST}\r\n`), bytewise)
    expect(conversation.heard.map(({ variables }) => variables.PATH_INFO)).toEqual(['/1', '/2'])
  })

  test('retired, it is dropped, and the response says so (9.6)', () => {
    const conversation = talk(two)
    conversation.codec.retire!()
    expect(conversation.codec.pending).toBe(false)
    expect(conversation.answer().toString()).toContain('\r\nConnection: close\r\n')
    expect(conversation.codec.keepsOpen(1)).toBe(false)
  })

  test('a thousand of them in one read are read in order, in time', () => {
    const conversation = talk(Array.from({ length: 1000 }, (_, index) => get(`GET /${index} HTTP/1.1`)).join(''))
    conversation.goOn()
    expect(conversation.heard.map(({ variables }) => variables.PATH_INFO)).toEqual(
      Array.from({ length: 1000 }, (_, index) => `/${index}`),
    )
  })
})

describe('a connection that changes its protocol (RFC 9110 7.8)', () => {
  const upgrade = get('GET /ws HTTP/1.1', `${HOST}Upgrade: websocket\r\nConnection: Upgrade\r\n`)

  test.each(cuts)('what came behind the request is the surplus, %s', (_, cut) => {
    const { codec, heard } = talk(`${upgrade}\x81\x85frame`, cut)
    expect(heard).toHaveLength(1)
    expect(Buffer.from(codec.surplus!).toString('latin1')).toBe('\x81\x85frame')
    codec.retire!()
    expect(codec.surplus).toBeUndefined()
  })

  test('101 is written as it is, and the connection is never one of HTTP again', () => {
    const conversation = talk(upgrade)
    const { codec } = conversation
    const head = {
      status: 101,
      reason: 'Switching Protocols',
      headers: [
        ['Upgrade', 'x'],
        ['Connection', 'Upgrade'],
      ] as [string, string][],
    }
    expect(Buffer.from(codec.start(1, head, undefined, false)).toString()).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    )
    expect(codec.keepsOpen(1)).toBe(false)
    codec.finish(1)
    expect(codec.keepsOpen(1)).toBe(false)
  })

  test('a 101 that is the whole response leaves nothing pending', () => {
    const conversation = talk(upgrade + upgrade)
    conversation.codec.start(1, { status: 101, reason: '', headers: [] }, undefined, true)
    expect(conversation.codec.keepsOpen(1)).toBe(false)
    conversation.feed(Buffer.alloc(0), whole)
    expect(conversation.codec.pending).toBe(false)
  })
})

describe('the end of the connection (RFC 9112 8)', () => {
  test.each([
    ['before a request', ''],
    ['between requests', get('GET / HTTP/1.1')],
    ['behind an empty line', `${get('GET / HTTP/1.1')}\r\n`],
  ])('%s is none of an error', (_, text) => {
    for (const answered of [false, true]) {
      const conversation = talk(text, bytewise)
      if (answered) conversation.goOn()
      expect(conversation.codec.receiveEnd()).toBeUndefined()
    }
  })

  test.each([
    ['in the request line', 'GE', 'HTTP_SYNTAX'],
    ['in the head', 'GET / HTTP/1.1\r\n', 'HTTP_SYNTAX'],
    ['in a body', `${POST}Content-Length: 5\r\n\r\nhell`, 'BODY_CUT'],
    ['in a chunk', `${CHUNKED}5\r\nhell`, 'BODY_CUT'],
    ['before the last chunk', `${CHUNKED}5\r\nhello\r\n`, 'BODY_CUT'],
    ['in the trailer', `${CHUNKED}0\r\n`, 'BODY_CUT'],
  ])('%s', (_, text, code) => {
    for (const answered of [false, true]) {
      const conversation = talk(text, bytewise)
      if (answered) conversation.answer()
      expect(() => conversation.codec.receiveEnd()).toThrow(failure(code))
    }
  })

  test('the missing bytes are counted', () => {
    const { codec } = talk(`${POST}Content-Length: 5\r\n\r\nhe`)
    expect(() => codec.receiveEnd()).toThrow('ended 3 bytes before')
  })
})
