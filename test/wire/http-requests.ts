// HTTP requests made by chance: correct ones, ones with parts that are not, and mutations of both.

type Next = () => number

const pick = <T>(next: Next, from: readonly T[]): T => from[Math.floor(next() * from.length)]!
const chance = (next: Next, of: number): boolean => next() < of
const times = (next: Next, most: number): number => Math.floor(next() ** 2 * (most + 1))

const METHODS = ['GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'PURGE', 'M-SEARCH']
const ODD_METHODS = [
  'get',
  'FOO',
  'G(T',
  'PRI',
  'CONNECT',
  'GET\t',
  '',
  'SOURCE',
  'DESCRIBE',
  'POST\0',
  ' GET',
  'G\xcbT',
  'G',
]
const TARGETS = [
  '/',
  '/a',
  '/a%20b?q=%2F',
  '/?',
  '//a',
  '/a/../b',
  '/a\\b',
  '/a"<>{}|^`b',
  '/a?b?c',
  '/a;b=c,d',
  'http://h/a',
  'http://h:81',
]
const ODD_TARGETS = [
  '*',
  'a',
  '',
  '/a b',
  '/a\tb',
  '/\x80',
  '/\x7f',
  '/\0',
  '/a#b',
  'http://',
  'http:///a',
  'ftp://h/',
  'h:80',
  '/%zz',
  '/..',
  'HTTP://h?a',
  'http://h#a',
  'http://a@h/',
  'http://[::1]/',
  'http://h/\xff',
  '/\r',
  '/%00',
  'http://a b/',
  '?a',
  '#',
]
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0']
const ODD_VERSIONS = [
  'HTTP/2.0',
  'HTTP/1.2',
  'HTTP/0.9',
  'HTTP/1.',
  'http/1.1',
  'HTTP/1.1 ',
  '',
  'HTTP/11',
  'HTTP/1.10',
  'ICY/1.0',
  'HTTP /1.1',
  '\tHTTP/1.1',
  'HTTP/1.1\t',
]
const FIELDS = [
  'Host: h',
  'Host: h:81',
  'X-A: b',
  'X-A:b',
  'x-a: \t b \t',
  'X-Empty:',
  'X-8: \xe9',
  'Cookie: a=1',
  'Cookie: b=2',
  'Connection: keep-alive',
  'Connection: te',
  'Accept: */*',
  'Content-Type: text/plain',
  'X-Tab: a\tb',
  'TE: trailers',
  'Trailer: X-T',
  'Expect: 100-continue',
  'Connection: close',
]
const ODD_FIELDS = [
  'Connection: close',
  'Connection: Keep-Alive, Close',
  'connection:close',
  'Connection: te,, close ,',
  'Connection: clos',
  'Connection: keep-alivex',
  'Connection: close close',
  'Connection: "close"',
  'Connection: cl\xf3se',
  'Connection: keep-alive\tx',
  'Connection: close\tx',
  'Proxy-Connection: close',
  'Keep-Alive: timeout=5',
  'Upgrade: websocket',
  'Connection: upgrade',
  'Connection: Upgrade, close',
  'Expect: x',
  'Expect:',
  'X : a',
  ': a',
  'X',
  ' X: a',
  '\tX: a',
  'X\t: a',
  'X\0: a',
  'X: a\0',
  'X: a\x01',
  'X: \x7f',
  'X: a\rb',
  'X: a\nb',
  'X(: a',
  'X\xe9: a',
  'X:\x0b',
  'X: \x0ca',
  'Host: h\r\nHost: h',
  'Host:',
  'Host : h',
  'Host: a b',
  'X-B: 1\r\nX_B: 2',
  'Host: a/b',
  'Proxy: evil',
]
const LENGTHS = ['0', '3', '3', '10', '18']
const ODD_LENGTHS = [
  '+3',
  '-3',
  '3,3',
  '3, 3',
  '',
  '0x3',
  '3 3',
  '003',
  '3\t',
  '\t3',
  '3;',
  '1e1',
  '99999999999999999999',
  '18446744073709551619',
  '4294967299',
  '3\x0b',
  '3.0',
  "'3'",
  '3\r\nContent-Length: 3',
  '3\r\ncontent-length: 4',
  '3\r\nX: y\r\nContent-Length:',
  '000000000000000000003',
]
const CODINGS = ['chunked', 'chunked', 'Chunked']
const ODD_CODINGS = [
  'gzip',
  'gzip, chunked',
  'chunked, gzip',
  'chunked, chunked',
  'identity',
  '',
  'xchunked',
  'chunkedx',
  'chunked;a',
  '\tchunked',
  'chunked\t',
  'chunked ',
  ' chunked',
  '"chunked"',
  'chunked,',
  ',chunked',
  'chunked\x0b',
  '\x0bchunked',
  'chunk ed',
  'chunked\r\nTransfer-Encoding: chunked',
  'chunked\r\ntransfer-encoding: identity',
  'chunked\r\nContent-Length: 3',
  '\r\n chunked',
  'chunked\r\n\tx',
  'c\thunked',
  'chunked\0',
  'chunked\xa0',
  '\xa0chunked',
]
const ODD_ENDS = ['\n', '\r', '\r\r\n', '\n\r\n', ' \r\n', '\t\r\n', '\0\r\n', '\r\n\r\n', '\x0b\r\n', '\x85']
const BODIES = ['', 'abc', 'GET / HTTP/1.1\r\n\r\n', '0\r\n\r\n', 'a\0\xff\r\n\n', 'abcdefghij']
const EXTENSIONS = [';a', ';a=b', ';a="b"', ';a="\\"\t\xe9";c', ';a=b;c']
const ODD_EXTENSIONS = [
  ';',
  ';=',
  ';a=',
  ';;a',
  '; a',
  ' ;a',
  ';a="b',
  ';a=b"c"',
  ';a\0',
  ';a\x7f',
  ';a=\xe9',
  ';\xe9',
  ';a="\\\x01"',
  ';a="\x7f"',
  ';a="b"c',
  ';a = b',
  '\t; a="b"\t;\tc',
  ' ',
  '\t',
  ';a\rb',
  ';a\nb',
  ';a="\r"',
  ';a="\n"',
  ';a="\\\n"',
  ';a=b;',
  ';a=b=c',
]
const ODD_SIZES = [
  '',
  '+3',
  '-3',
  '0x3',
  ' 3',
  '3 ',
  '3\t',
  'g',
  '3g',
  '00000000000000000003',
  '10000000000000003',
  'ffffffffffffffff',
  '7fffffffffffffff',
  '\x0b3',
  '3\0',
  '3.',
  '_3',
]
const TRAILERS = ['X-T: a', 'X-T:', 'X-U: \xe9']
const ODD_TRAILERS = [
  'X',
  'X : a',
  ' X: a',
  '\tX: a',
  ': a',
  'X: \0',
  'X: a\rb',
  'X: a\nb',
  'X: \x7f',
  'X\xe9: a',
  'Content-Length: 3',
  'Transfer-Encoding: chunked',
  'Host: evil',
  'Connection: close',
  'Upgrade: a',
  'GET / HTTP/1.1',
  'Content-Length: 0',
  'Proxy-Connection: close',
  'Connection: upgrade',
  'Expect: x',
]

/** Of correct parts mostly; `odd`: how often one is not. */
export function makeRequest(next: Next, odd: number): string {
  const or = (good: readonly string[], bad: readonly string[]): string => pick(next, chance(next, odd) ? bad : good)
  const end = (): string => or(['\r\n'], ODD_ENDS)
  // What is about the end of a message is wrong more often.
  const framing = (good: readonly string[], bad: readonly string[]): string =>
    pick(next, chance(next, 3 * odd) ? bad : good)
  const ahead = chance(next, 0.05) ? or(['\r\n'], ['\n', '\r', ' ', '\r\n\r\n', '\t', '\0']) : ''
  const space = (): string => or([' '], ['  ', '\t', '', ' \t', '\r', '\x0b'])
  const version = or(VERSIONS, ODD_VERSIONS)
  const line = `${or(METHODS, ODD_METHODS)}${space()}${or(TARGETS, ODD_TARGETS)}${space()}${version}`
  const fields = Array.from({ length: times(next, 5) }, () => or(FIELDS.slice(2), ODD_FIELDS))
  if (!chance(next, odd / 2)) fields.unshift(or(FIELDS.slice(0, 2), ODD_FIELDS))
  const kind = next()
  let body = ''
  const frame = (name: string, value: string): void => {
    const colon = or([': ', ':', ':  '], [':\t', ' : ', ' ', '\t:', ':\r\n ', ':\0'])
    fields.splice(
      Math.floor(next() * (fields.length + 1)),
      0,
      `${or([name, name.toLowerCase(), name.toUpperCase()], [`${name}x`, name.replace('-', '_'), `x${name}`])}${colon}${value}`,
    )
  }
  if (kind < 0.35) {
    const length = framing(LENGTHS, ODD_LENGTHS)
    frame('Content-Length', length)
    body = pick(next, BODIES)
    const size = Number(length)
    if (!chance(next, odd) && size < 100) body = body.padEnd(size, 'x').slice(0, size)
  } else if (kind < 0.7 && (version !== 'HTTP/1.0' || chance(next, odd))) {
    frame('Transfer-Encoding', framing(CODINGS, ODD_CODINGS))
    if (chance(next, 3 * odd)) frame('Content-Length', framing(LENGTHS, ODD_LENGTHS))
    body = makeChunks(next, odd)
  } else if (chance(next, odd)) body = pick(next, BODIES)
  return `${ahead}${line}${end()}${fields.map((field) => field + end()).join('')}${end()}${body}`
}

function makeChunks(next: Next, odd: number): string {
  const or = (good: readonly string[], bad: readonly string[]): string => pick(next, chance(next, odd) ? bad : good)
  const end = (): string => or(['\r\n'], ODD_ENDS)
  const extension = (): string => (chance(next, 0.2) ? or(EXTENSIONS, ODD_EXTENSIONS) : '')
  let text = ''
  for (let count = times(next, 3); count > 0; count--) {
    const bytes = pick(next, BODIES.slice(1))
    const size = bytes.length.toString(16)
    text += `${or([size, size.toUpperCase(), `0${size}`], ODD_SIZES)}${extension()}${end()}${bytes}${end()}`
  }
  const trailers = chance(next, 0.3)
    ? Array.from({ length: 1 + times(next, 2) }, () => or(TRAILERS, ODD_TRAILERS) + end())
    : []
  return `${text}${or(['0', '00'], ODD_SIZES)}${extension()}${end()}${trailers.join('')}${end()}`
}

const INSERTS = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '\x0b',
  '\x0c',
  '\x7f',
  '\x80',
  '\xff',
  '0',
  '5',
  '+',
  '-',
  'x',
  '"',
  '\\',
  '#',
  '@',
  '%',
  '\x1f',
  '\x85',
  '\xa0',
  'chunked',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'close',
  '\r\n\r\n',
  '0\r\n\r\n',
  'GET / HTTP/1.1\r\n',
  'Host: h\r\n',
  '\r\n ',
  ', ',
]

/** Some bytes changed, dropped, repeated or put in. */
export function mutate(next: Next, text: string): string {
  let result = text
  for (let count = 1 + times(next, 2); count > 0; count--) {
    const at = Math.floor(next() * (result.length + 1))
    const kind = next()
    const size = kind < 0.3 ? 0 : 1 + times(next, 6)
    if (kind < 0.55) result = result.slice(0, at) + pick(next, INSERTS) + result.slice(at + size)
    else if (kind < 0.75) result = result.slice(0, at) + result.slice(at + size)
    else if (kind < 0.85) result = result.slice(0, at) + result.slice(Math.max(0, at - 3 * size))
    else if (kind < 0.95)
      result = result.slice(0, at) + String.fromCharCode(Math.floor(next() * 256)) + result.slice(at + 1)
    else result = result.slice(0, at)
  }
  return result
}

/** What a client sends on a connection: some requests one behind the other. */
export function makeConnection(next: Next): Buffer {
  const odd = pick(next, [0, 0.03, 0.12])
  let text = Array.from({ length: 1 + times(next, 3) }, () => makeRequest(next, odd)).join('')
  if (chance(next, 0.5)) text = mutate(next, text)
  // Shows where the one ahead ended.
  if (chance(next, 0.7)) text += 'GET /tail HTTP/1.1\r\nHost: tail\r\n\r\n'
  return Buffer.from(text, 'latin1')
}
