// HTTP's client codec: what a response is, where it ends, and whether its connection carries another request.
import { describe, expect, test } from 'vitest'
import { PeerError } from '../../sidecar/errors.ts'
import { HttpClient } from '../../sidecar/wire/http-client.ts'
import { bytewise, random, randomly, seed, whole } from './splits.ts'

interface Answer {
  status: number
  body: string
  /** Undefined: it was not complete when the connection ended. */
  reuse: boolean | undefined
  /** Statuses of interim responses, where there were any. */
  interim?: number[]
}

/** Reads one response, in each of the ways to cut it, and gives what all of them gave. */
function read(text: string, method = 'GET'): Answer {
  const answers = [whole, bytewise, randomly(random(seed))].map((cut) => {
    const client = new HttpClient()
    client.ask({ method, target: '/', fields: ['host', 'h'] }, 0)
    const answer: Answer = { status: 0, body: '', reuse: undefined }
    const events = cut(Buffer.from(text, 'latin1')).flatMap((piece) => client.receive(piece))
    for (const event of [...events, ...client.receiveEnd()]) {
      if (event.type === 'head') answer.status = event.head.status
      else if (event.type === 'body') answer.body += Buffer.from(event.bytes).toString('latin1')
      else if (event.type === 'interim') (answer.interim ??= []).push(event.head.status)
      else if (event.type === 'end') answer.reuse = event.reuse && !client.spoiled
    }
    return answer
  })
  expect(answers).toEqual(Array(3).fill(answers[0]))
  return answers[0]!
}

const OK = 'HTTP/1.1 200 OK\r\n'

describe(`RFC 9112 6.3: where a response ends (SIDEGATE_SEED=${seed})`, () => {
  test.each<[string, string, string, Answer]>([
    ['Content-Length', 'GET', `${OK}Content-Length: 3\r\n\r\nabc`, { status: 200, body: 'abc', reuse: true }],
    [
      'the same length twice',
      'GET',
      `${OK}Content-Length: 3\r\ncontent-length: 3\r\n\r\nabc`,
      { status: 200, body: 'abc', reuse: true },
    ],
    ['no body', 'GET', `${OK}Content-Length: 0\r\n\r\n`, { status: 200, body: '', reuse: true }],
    [
      'chunks, extensions and a trailer',
      'GET',
      `${OK}Transfer-Encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n`,
      { status: 200, body: 'abc', reuse: true },
    ],
    [
      'white space in extensions (RFC 9112 7.1.1)',
      'GET',
      `${OK}Transfer-Encoding: chunked\r\n\r\n3 ; a\t=\t"x" ;b\r\nabc\r\n0; c\r\n\r\n`,
      { status: 200, body: 'abc', reuse: true },
    ],
    [
      'LF alone (RFC 9112 2.2)',
      'GET',
      'HTTP/1.1 200 OK\nContent-Length: 3\nX: y\n\nabc',
      { status: 200, body: 'abc', reuse: true },
    ],
    ['LF among CR LF', 'GET', `${OK}X: y\nContent-Length: 3\r\n\nabc`, { status: 200, body: 'abc', reuse: true }],
    [
      'LF, and an empty line with CR LF',
      'GET',
      'HTTP/1.1 200 OK\nContent-Length: 3\n\r\nabc',
      { status: 200, body: 'abc', reuse: true },
    ],
    [
      'LF behind sizes, chunks and trailers',
      'GET',
      `${OK}Transfer-Encoding: chunked\r\n\r\n3\nabc\n2\r\nde\n0\nX: y\n\n`,
      { status: 200, body: 'abcde', reuse: true },
    ],
    [
      'LF in interim responses',
      'GET',
      `HTTP/1.1 100 Continue\n\n${OK}Content-Length: 1\n\na`,
      { status: 200, body: 'a', reuse: true },
    ],
    ['the end of the connection', 'GET', `${OK}\r\nabc`, { status: 200, body: 'abc', reuse: false }],
    ['HEAD', 'HEAD', `${OK}Content-Length: 3\r\n\r\n`, { status: 200, body: '', reuse: false }],
    ['204', 'GET', 'HTTP/1.1 204 None\r\n\r\n', { status: 204, body: '', reuse: true }],
    [
      '304 with a length',
      'GET',
      'HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n',
      { status: 304, body: '', reuse: true },
    ],
    [
      'interim responses',
      'GET',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n${OK}Content-Length: 1\r\n\r\na`,
      { status: 200, body: 'a', reuse: true, interim: [103] },
    ],
    ['an empty reason', 'GET', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', { status: 200, body: '', reuse: true }],
    ['bytes behind it', 'HEAD', `${OK}Content-Length: 3\r\n\r\nabc`, { status: 200, body: '', reuse: false }],
    [
      'another response behind a length',
      'GET',
      `${OK}Content-Length: 3\r\n\r\nabc${OK}Content-Length: 0\r\n\r\n`,
      { status: 200, body: 'abc', reuse: false },
    ],
    [
      'another response behind chunks',
      'GET',
      `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n${OK}Content-Length: 0\r\n\r\n`,
      { status: 200, body: 'abc', reuse: false },
    ],
    [
      'Connection: close',
      'GET',
      `${OK}Connection: x, Close\r\nContent-Length: 0\r\n\r\n`,
      { status: 200, body: '', reuse: false },
    ],
    ['HTTP/1.0', 'GET', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', { status: 200, body: '', reuse: false }],
    [
      'HTTP/1.0 that is kept',
      'GET',
      'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n',
      { status: 200, body: '', reuse: true },
    ],
  ])('%s', (_, method, text, answer) => {
    expect(read(text, method)).toEqual(answer)
  })
})

describe('what is no response', () => {
  test.each([
    ['another protocol', 'SSH-2.0-x\r\n'],
    ['a status line without a status', 'HTTP/1.1 OK\r\n\r\n'],
    ['HTTP/2', 'HTTP/2 200 OK\r\n\r\n'],
    ['both Content-Length and Transfer-Encoding', `${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ['two lengths', `${OK}Content-Length: 3\r\nContent-Length: 4\r\n\r\n`],
    ['a length that is no number', `${OK}Content-Length: +3\r\n\r\n`],
    ['a coding that is not known', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`],
    ['a folded line', `${OK}A: b\r\n c\r\n\r\n`],
    ['a header without a name', `${OK}: b\r\n\r\n`],
    ['a NUL', `${OK}A: \0\r\n\r\n`],
    ['CR alone', `${OK}A: b\rC: d\r\n\r\n`],
    ['two CR before LF', `${OK}A: b\r\r\n\r\n`],
    ['CR alone as an empty line', `${OK}A: b\r\n\r`],
    ['white space behind a size', `${OK}Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n`],
    ['white space before a size', `${OK}Transfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n`],
    ['a chunk without a size', `${OK}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`],
    ['a change of protocol', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['a head of 300 KB', `${OK}A: ${'x'.repeat(300_000)}\r\n\r\n`],
    ['the end inside the head', 'HTTP/1.1 20'],
    ['the end inside the body', `${OK}Content-Length: 3\r\n\r\nab`],
    ['the end inside a chunk', `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nab`],
  ])('%s', (_, text) => {
    expect(() => read(text)).toThrow(PeerError)
  })
})

describe('a request', () => {
  const kept = 'connection: keep-alive\r\n\r\n'
  const asked = (method: string, length: number | undefined, fields: string[] = [], target = '/'): string =>
    Buffer.from(new HttpClient().ask({ method, target, fields }, length)).toString('latin1')

  test('says how its body is framed', () => {
    expect(asked('GET', 0)).toBe(`GET / HTTP/1.1\r\n${kept}`)
    expect(asked('POST', 0)).toBe(`POST / HTTP/1.1\r\ncontent-length: 0\r\n${kept}`)
    expect(asked('DELETE', 3)).toBe(`DELETE / HTTP/1.1\r\ncontent-length: 3\r\n${kept}`)
    expect(asked('PUT', undefined)).toBe(`PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n${kept}`)
  })

  test('of unknown length is sent in chunks', () => {
    const client = new HttpClient()
    client.ask({ method: 'PUT', target: '/', fields: [] }, undefined)
    const pieces = [Buffer.from('abc'), Buffer.alloc(0), Buffer.alloc(20_000, 'x')].flatMap((chunk) =>
      client.data(chunk),
    )
    const text = Buffer.concat([...pieces, client.finish()!]).toString()
    expect(text).toBe(`3\r\nabc\r\n4e20\r\n${'x'.repeat(20_000)}\r\n0\r\n\r\n`)
  })

  test.each([
    ['a method', 'GE T', '/', []],
    ['a target', 'GET', '/a b', []],
    ['a target', 'GET', '/\r\n', []],
    ['a value', 'GET', '/', ['a', 'b\r\nc: d']],
    ['a name', 'GET', '/', ['a\r\nb', 'c']],
    ['a name', 'GET', '/', ['transfer-encoding ', 'chunked']],
    ['a name', 'GET', '/', ['x y', 'a']],
    ['a name', 'GET', '/', ['x(y', 'a']],
    ['a name', 'GET', '/', ['', 'a']],
  ])('is refused with %s that could split its head', (_, method, target, fields) => {
    expect(() => asked(method, 0, fields, target)).toThrow(expect.objectContaining({ code: 'UPSTREAM_REQUEST' }))
  })
})
