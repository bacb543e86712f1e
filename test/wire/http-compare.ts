// Whether two readers of the same bytes differ: ours and node:http's (llhttp), and where they may.
import { METHODS } from 'node:http'
import type { Read, Reading } from './http-readings.ts'

/** What ours reads, and llhttp does not. */
export interface Liberty {
  readonly name: string
  readonly sample: string
  /** Whether it is why `theirs`, the refusal of llhttp, was. `request`: theirs to refuse; `before`: the one ahead of it. */
  excuses(theirs: string, request: Read, before: Read | undefined, text: string): boolean
}

const of = (read: Read | undefined, name: string): string =>
  read?.variables.find(([variable]) => variable === name)?.[1] ?? ''

const post = 'POST / HTTP/1.1\r\nHost: h\r\n'
const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n`
const tail = 'GET /tail HTTP/1.1\r\nHost: h\r\n\r\n'

/** Each says nothing about where a message ends. */
export const liberties: readonly Liberty[] = [
  {
    // RFC 9110 9.1: any token is a method, and what an app makes of it is its own business. llhttp has a list.
    name: 'a method that is not in its list',
    sample: 'FOO / HTTP/1.1\r\nHost: h\r\n\r\n',
    excuses: (_, request) => !METHODS.includes(of(request, 'REQUEST_METHOD')),
  },
  {
    // nginx and Apache pass on what browsers and scripts send (x-raw-path-8bit, path-raw-bytes of test/vectors).
    name: '8 bits in the target',
    sample: 'GET /caf\xe9 HTTP/1.1\r\nHost: h\r\n\r\n',
    excuses: (theirs, request) => theirs.includes('INVALID_URL') && /[\x80-\xff]/.test(of(request, 'REQUEST_URI')),
  },
  {
    // RFC 9112 C.2.2: no field of a server.
    name: 'a request behind Proxy-Connection: close',
    sample: `${post}Proxy-Connection: close\r\n\r\n${tail}`,
    excuses: (theirs, _, before) => theirs.includes('CLOSED_CONNECTION') && of(before, 'HTTP_PROXY_CONNECTION') !== '',
  },
  {
    // RFC 9112 7.1.1: it has to be read. The extension ends with its line all the same.
    name: 'white space in the extension of a chunk',
    sample: `${chunked}3 ; a = "b"\r\nabc\r\n0\r\n\r\n`,
    excuses: (theirs, request, _, text) =>
      /Invalid character in chunk (?:size|extensions)/.test(theirs) &&
      of(request, 'HTTP_TRANSFER_ENCODING') !== '' &&
      /\n[0-9A-Fa-f]{1,13}(?=[^\n]*;)[^\n]*[\t ][^\n]*\r\n/.test(text),
  },
  {
    // RFC 9110 6.5.1: a trailer is none of the header fields.
    name: 'a request behind Connection: close in a trailer',
    sample: `${chunked}0\r\nConnection: close\r\n\r\n${tail}`,
    excuses: (theirs, _, before, text) =>
      theirs.includes('CLOSED_CONNECTION') &&
      of(before, 'HTTP_TRANSFER_ENCODING') !== '' &&
      /\nconnection:[^\n]*close|\nproxy-connection:/i.test(text),
  },
]

/** What ours refuses, and llhttp reads: the refusal, and a sample. */
export const refusals: readonly (readonly [name: string, refusal: RegExp, sample: string])[] = [
  ['HTTP/0.9', /: the request line /, 'GET /\r\n\r\n'],
  ['other versions', /^HTTP_VERSION/, 'GET / HTTP/2.0\r\nHost: h\r\n\r\n'],
  ['more than one empty line ahead', /: it begins with the byte 0d/, '\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['LF as an empty line', /: it begins with the byte 0a/, '\nGET / HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['CR as an empty line', /: CR alone/, '\r\rGET / HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['LF alone behind a line of HTTP/0.9', /CR or LF alone|ends without CR/, 'GET /\n\r\n'],
  ['a target that its method cannot have', /: the request target /, 'GET * HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['a path that means no place', /^PATH_/, 'GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n'],
  // node:http answers it with 400 itself, and reads on.
  ['no Host', /^HOST_MISSING/, `GET / HTTP/1.1\r\n\r\n${tail}`],
  ['two Hosts', /^HOST_TWICE/, 'GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n'],
  ['a Host that is none', /^HOST_BAD/, 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
  ['`_` beside `-`', /^HEADER_TWIN/, 'GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX_A: 2\r\n\r\n'],
  [
    'two values of a field that has one',
    /^FIELD_TWICE/,
    'GET / HTTP/1.1\r\nHost: h\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\n',
  ],
  // Left to the listeners of `checkExpectation`.
  ['Expect', /^EXPECT/, 'GET / HTTP/1.1\r\nHost: h\r\nExpect: x\r\n\r\n'],
  ['codings ahead of chunked, and tabs', /^HTTP_CODING/, `${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  [
    'codings in two lines',
    /: two Transfer-Encoding headers/,
    `${post}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    'codings in HTTP/1.0',
    /: Transfer-Encoding in an HTTP\/1\.0 request/,
    'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['a length of more than 15 digits', /^CONTENT_LENGTH_BAD/, `${post}Content-Length: 0000000000000003\r\n\r\nabc`],
  [
    'a chunk size of more than 13 digits, or with half an extension',
    /: the chunk size /,
    `${chunked}00000000000003\r\nabc\r\n0;a=\r\n\r\n`,
  ],
]

/** What `mine` read that `theirs` did not read alike, or refused for no reason that has a name; undefined when all is well. */
export function difference(text: string, mine: Reading, theirs: Reading): string | undefined {
  for (const [index, read] of mine.requests.entries()) {
    const other = theirs.requests[index]
    // Ours may have read on behind a liberty, to a mistake that it refuses.
    const further = read.complete || read.body.length > (other?.body.length ?? 0)
    if (!other || (further && !other.complete)) {
      const refusal = theirs.refusal ?? 'nothing'
      const before = mine.requests[index - 1]
      if (liberties.some((liberty) => liberty.excuses(refusal, read, before, text))) return undefined
      if (!other) return `request ${index} is not read: ${refusal}`
    }
    if (JSON.stringify(read.variables) !== JSON.stringify(other.variables)) return `request ${index} is another`
    if (read.complete && !other.complete) return `request ${index} does not end: ${theirs.refusal}`
    // An error takes the bytes with it that came in the same read.
    const alike = mine.refusal && !read.complete ? other.body.startsWith(read.body) : other.body === read.body
    if (!alike) return `request ${index} has another body`
    if (!read.complete && other.complete && !mine.refusal) return `request ${index} ends`
  }
  if (mine.refusal) {
    const taken = theirs.requests[mine.requests.filter(({ complete }) => complete).length]?.complete
    const named = refusals.some(([, refusal]) => refusal.test(mine.refusal!))
    return taken && !named ? `it is refused without a name for it: ${mine.refusal}` : undefined
  }
  return mine.closed || theirs.requests.length === mine.requests.length ? undefined : 'there are more requests'
}
