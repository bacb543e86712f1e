// Every captured connection, whole, byte by byte and in random pieces: the codec says what an independent decoder finds.
import { describe, expect, test } from 'vitest'
import { PeerError } from '../../sidecar/errors.ts'
import { ajp } from '../../sidecar/wire/ajp.ts'
import type { ServerCodec } from '../../sidecar/wire/codec.ts'
import { fastcgi } from '../../sidecar/wire/fastcgi.ts'
import { http } from '../../sidecar/wire/http.ts'
import { scgi } from '../../sidecar/wire/scgi.ts'
import { uwsgi } from '../../sidecar/wire/uwsgi.ts'
import { bytesOf, captures, type Capture } from './captures.ts'
import { Conversation } from './converse.ts'
import { decodeAjp } from './decode-ajp.ts'
import { decodeHttp, PEER } from './decode-http.ts'
import { decodeFastcgi, decodeScgi, decodeUwsgi, variablesOf, type Decoded } from './decode.ts'
import { bytewise, random, randomly, seed, whole, type Cut } from './splits.ts'

const protocols = { ajp, fastcgi, http, scgi, uwsgi }
const decoders = { ajp: decodeAjp, fastcgi: decodeFastcgi, http: decodeHttp, scgi: decodeScgi, uwsgi: decodeUwsgi }

const codecOf = (protocol: Capture['protocol']): ServerCodec => protocols[protocol].server({ peer: PEER })

/** Connections that end in an error, and in which. */
const refused: Record<string, string> = {
  'nginx-1.31.5-uwsgi-modifier.bin': 'UWSGI_MODIFIER',
  'nginx-1.31.5-uwsgi-uwsgi-string.bin': 'UWSGI_BLOCK',
  'uwsgi-2.0.21-uwsgi-raw-cl-plus.bin': 'CONTENT_LENGTH_BAD',
  'uwsgi-2.0.21-uwsgi-raw-two-cl-same.bin': 'CONTENT_LENGTH_BAD',
  // `Content_Length: 5` from the client became CONTENT_LENGTH, and no body came.
  'uwsgi-2.0.21-uwsgi-hdr-spoof-cgi.bin': 'BODY_CUT',
  'server-phpfpm-fastcgi-version-2.req.bin': 'FASTCGI_VERSION',
  'server-phpfpm-fastcgi-post-cl-short.req.bin': 'BODY_LENGTH',
  'server-phpfpm-fastcgi-post-cl-long.req.bin': 'BODY_LENGTH',
  // Two BEGIN_REQUEST and nothing more.
  'server-phpfpm-fastcgi-interleaved.req.bin': 'FASTCGI_CUT',
  'server-uwsgi-uwsgi-empty-key.req.bin': 'UWSGI_BLOCK',
  'server-uwsgi-uwsgi-size-0.req.bin': 'UWSGI_BLOCK',
  'server-uwsgi-uwsgi-truncated-var.req.bin': 'UWSGI_BLOCK',
  'server-uwsgi-uwsgi-modifier-100-ping.req.bin': 'UWSGI_MODIFIER',
  'server-uwsgi-uwsgi-modifier-77-unknown.req.bin': 'UWSGI_MODIFIER',
  'server-tomcat-ajp-attr-code-unknown-0x20.req.bin': 'AJP_ATTRIBUTE',
  // Ghostcat.
  'server-tomcat-ajp-attr-ghostcat.req.bin': 'AJP_ATTRIBUTE',
  'server-tomcat-ajp-bad-code.req.bin': 'AJP_PACKET',
  'server-tomcat-ajp-bad-header-code.req.bin': 'AJP_PACKET',
  'server-tomcat-ajp-bad-magic.req.bin': 'AJP_MAGIC',
  'server-tomcat-ajp-cl-and-te.req.bin': 'AJP_LENGTH',
  'server-tomcat-ajp-cl-twice.req.bin': 'CONTENT_LENGTH_TWICE',
  // A next request where body bytes should be.
  'server-tomcat-ajp-post-noread-20k.req.bin': 'AJP_PACKET',
  // The capture ends in the middle.
  'lighttpd-1.4.85-ajp-post-100k.bin': 'BODY_CUT',
  'server-tomcat-ajp-too-long.req.bin': 'AJP_CUT',
  // A path, or a header, with a NUL in it.
  'haproxy-2.6.12-fastcgi-x-raw-hdr-nul.bin': 'VARIABLE_NUL',
  'haproxy-3.5-dev5-fastcgi-path-pct00.bin': 'VARIABLE_NUL',
  'uwsgi-2.0.21-uwsgi-path-pct00.bin': 'VARIABLE_NUL',
  // lighttpd sends the path decoded, so that it may hold a % that is no escape.
  'lighttpd-1.4.85-ajp-x-raw-pct-bad.bin': 'PATH_ESCAPE',
  // The client's preface of HTTP/2, passed on as a request.
  'caddy-2.6.2-http-h2-get.bin': 'HTTP_SYNTAX',
  'caddy-2.6.2-http-h2-post-nolen.bin': 'HTTP_SYNTAX',
  'haproxy-2.6.12-http-x-raw-hdr-nul.bin': 'HTTP_SYNTAX',
  'haproxy-3.5-dev5-http-x-raw-hdr-ctl.bin': 'HTTP_SYNTAX',
  'nginx-1.31.5-http-x-raw-hdr-ctl.bin': 'HTTP_SYNTAX',
}
/** Requests that are read, and answered with an error. */
const turnedAway: Record<string, string> = {
  'caddy-2.6.2-http-path-pct00.bin': 'PATH_NUL',
  'haproxy-3.5-dev5-http-path-pct00.bin': 'PATH_NUL',
  'caddy-2.6.2-http-x-raw-above-root.bin': 'PATH_ABOVE_ROOT',
  'haproxy-3.5-dev5-http-x-raw-above-root.bin': 'PATH_ABOVE_ROOT',
  'haproxy-3.5-dev5-http-x-raw-pct-bad.bin': 'PATH_ESCAPE',
}
/** No request to be found in them: fastcgi.test.ts has what is answered. */
const noRequest = new Set([
  'server-phpfpm-fastcgi-unknown-type.req.bin',
  'server-phpfpm-fastcgi-role-9.req.bin',
  'haproxy-3.5-dev5-fastcgi-raw-options-star.bin',
  'server-tomcat-ajp-cping.req.bin',
])
/** Without a mark for the end of a body but CONTENT_LENGTH: what that does not cover is not read. */
const unframed = ({ protocol }: Capture): boolean => protocol === 'uwsgi' || protocol === 'scgi'
/** Whether a request without CONTENT_LENGTH has a body of unknown length. */
const unknownLength = (protocol: Capture['protocol'], variables: Record<string, string>, body: Buffer): boolean =>
  protocol === 'ajp' || protocol === 'http' ? 'HTTP_TRANSFER_ENCODING' in variables : body.length > 0

function cuts(salt: number): [string, Cut][] {
  const next = random(seed + salt)
  return [
    ['whole', whole],
    ['byte by byte', bytewise],
    ['in random pieces', randomly(next)],
    ['in other random pieces', randomly(next)],
  ]
}

const requests = captures.filter(({ direction }) => direction === 'request')
/** Those that end as requests that are handed on. */
const served = requests.filter(({ file }) => !(file in refused) && !(file in turnedAway) && !noRequest.has(file))

describe(`captured connections (SIDEGATE_SEED=${seed})`, () => {
  test.each(served)('$file', (capture) => {
    const bytes = bytesOf(capture.file)
    const decoded = decoders[capture.protocol](bytes)
    for (const [how, cut] of cuts(bytes.length)) {
      const conversation = new Conversation(codecOf(capture.protocol))
      let at = 0
      for (const request of decoded) {
        conversation.feed(bytes.subarray(at, request.end), cut)
        at = request.end
        conversation.answer()
        expect({ how, keep: conversation.codec.keepsOpen(request.id) }).toEqual({ how, keep: request.keep })
      }
      conversation.feed(bytes.subarray(at), cut)
      if (!conversation.heard.some(({ ended }) => !ended)) conversation.codec.receiveEnd()
      const expected = decoded.map((request) => {
        const variables = variablesOf(request.pairs)
        const announced = /^[0-9]+$/.test(variables.CONTENT_LENGTH ?? '') ? Number(variables.CONTENT_LENGTH) : undefined
        const body = unframed(capture) ? request.body.subarray(0, announced ?? 0) : request.body
        const length = announced ?? (unknownLength(capture.protocol, variables, body) ? undefined : 0)
        return { id: request.id, variables, length, body: body.toString('hex'), ended: true }
      })
      const heard = conversation.heard
        .filter(({ aborted }) => !aborted)
        .map(({ id, variables, length, body, ended }) => ({
          id,
          variables: { ...variables },
          length,
          body: Buffer.concat(body).toString('hex'),
          ended,
        }))
      expect({ how, heard }).toEqual({ how, heard: expected })
    }
  })

  test.each(Object.entries(refused))('%s is refused: %s', (file, code) => {
    const bytes = bytesOf(file)
    const { protocol } = captures.find((capture) => capture.file === file)!
    for (const [, cut] of cuts(bytes.length)) {
      const conversation = new Conversation(codecOf(protocol))
      const run = (): void => {
        conversation.feed(bytes, cut)
        conversation.codec.receiveEnd()
      }
      expect(run).toThrow(expect.objectContaining({ code, blame: 'peer' }))
      expect(() => conversation.codec.receive(Buffer.from([1]))).toThrow(PeerError)
    }
  })

  test.each(Object.entries(turnedAway))('%s is turned away: %s', (file, code) => {
    const bytes = bytesOf(file)
    const [{ pairs }] = decodeHttp(bytes) as [Decoded]
    for (const [, cut] of cuts(bytes.length)) {
      const conversation = new Conversation(codecOf('http'))
      conversation.feed(bytes, cut)
      const [request, ...others] = conversation.heard
      expect(others).toEqual([])
      expect(request).toMatchObject({ ended: true, failure: { code, status: 400, blame: 'peer' } })
      // For the log.
      expect(pairs).toContainEqual(['REQUEST_URI', request!.variables.REQUEST_URI])
      expect(conversation.answer().toString()).toMatch(/\r\nConnection: close\r\n/)
      expect(conversation.codec.keepsOpen(1)).toBe(false)
    }
  })

  test.each(requests.filter(({ file }) => !(file in refused)))('$file is recognised', ({ file, protocol }) => {
    const bytes = bytesOf(file)
    // SCGI is known behind its digits, the others within two bytes. What is none of them is HTTP.
    const known = protocol === 'scgi' ? bytes.indexOf(':') + 1 : 2
    for (const { name, recognise } of [ajp, fastcgi, scgi, uwsgi]) {
      const verdicts = Array.from({ length: 12 }, (_, size) => recognise(bytes.subarray(0, size)))
      const right = name === protocol ? 'yes' : 'no'
      expect(verdicts[0]).toBe('more')
      expect(verdicts.filter((verdict) => verdict !== 'more' && verdict !== right)).toEqual([])
      expect(verdicts.slice(known)).toEqual(Array(12 - known).fill(right))
      expect(recognise(bytes)).toBe(right)
    }
  })
})

/** The variables of the first request in a file. */
function variables(file: string): Record<string, string> {
  const conversation = new Conversation(codecOf(captures.find((capture) => capture.file === file)!.protocol))
  conversation.feed(bytesOf(file), whole)
  return { ...conversation.heard[0]!.variables }
}

describe('what hosts say, by name', () => {
  const duplicates = { HTTP_X_DUP: 'one, two', HTTP_COOKIE: 'a=1; b=2', HTTP_ACCEPT: 'text/html, text/plain' }
  const query = { REQUEST_URI: '/path/info?x=1&y=a%20b', QUERY_STRING: 'x=1&y=a%20b', REQUEST_METHOD: 'GET' }
  const slashes = { REQUEST_URI: '/a%2Fb//c/./d/../e%20f%3Bg;p=1?q=%2F', QUERY_STRING: 'q=%2F' }
  test.each<[string, Record<string, string | undefined>]>([
    ['nginx-1.31.5-uwsgi-get-query.bin', { ...query, PATH_INFO: '/path/info', CONTENT_LENGTH: undefined }],
    ['nginx-1.31.5-fastcgi-get-query.bin', { ...query, SCRIPT_NAME: '/path/info', CONTENT_LENGTH: undefined }],
    [
      'apache-2.4.71-uwsgi-get-query.bin',
      { ...query, PATH_INFO: '/path/info', SCRIPT_NAME: '', CONTENT_LENGTH: undefined },
    ],
    ['caddy-2.6.2-fastcgi-get-query.bin', { ...query, PATH_INFO: '/path/info', HTTP_X_FORWARDED_FOR: '127.0.0.1' }],
    ['haproxy-3.5-dev5-fastcgi-get-query.bin', { ...query, CONTENT_LENGTH: '0' }],
    ['nginx-1.22.1-uwsgi-hdr-dup.bin', duplicates],
    ['nginx-1.22.1-fastcgi-hdr-dup.bin', duplicates],
    ['nginx-1.31.5-fastcgi-hdr-dup.bin', duplicates],
    ['haproxy-3.5-dev5-fastcgi-hdr-dup.bin', duplicates],
    ['apache-2.4.71-fastcgi-path-2f-slashes.bin', { ...slashes, SCRIPT_NAME: '/a%2Fb/c/e f;g;p=1' }],
    ['nginx-1.31.5-uwsgi-path-2f-slashes.bin', { ...slashes, PATH_INFO: '/a/b/c/e f;g;p=1' }],
    ['nginx-1.31.5-uwsgi-hdr-nonascii.bin', { HTTP_X_LATIN: 'caf\xe9', HTTP_X_UTF8: 'caf\xc3\xa9' }],
    ['nginx-1.31.5-fastcgi-https-get.bin', { HTTPS: 'on', REQUEST_SCHEME: 'https', QUERY_STRING: 'x=1' }],
    ['nginx-1.31.5-uwsgi-hdr-auth.bin', { HTTP_AUTHORIZATION: 'Basic dXNlcjpwYXNz', REMOTE_USER: undefined }],
    [
      'nginx-1.31.5-fastcgi-hdr-spoof-cgi.bin',
      {
        HTTP_SCRIPT_NAME: '/evil',
        HTTP_REMOTE_USER: 'admin',
        REMOTE_USER: undefined,
        REMOTE_ADDR: '127.0.0.1',
        HTTPS: undefined,
      },
    ],
    ['nginx-1.31.5-fastcgi-hdr-proxy-httpoxy.bin', { HTTP_PROXY: undefined, REQUEST_URI: '/px' }],
    ['nginx-1.31.5-uwsgi-hdr-proxy-httpoxy.bin', { HTTP_PROXY: undefined, REQUEST_URI: '/px' }],
    ['uwsgi-2.0.21-uwsgi-hdr-proxy-httpoxy.bin', { HTTP_PROXY: undefined, UWSGI_ROUTER: undefined, PATH_INFO: '/px' }],
    ['lighttpd-1.4.85-fastcgi-mount-app.bin', { SCRIPT_NAME: '/app', PATH_INFO: '/sub/x', QUERY_STRING: 'q=1' }],
    [
      'apache-2.4.71-fastcgi-sethandler-php-pathinfo.bin',
      { 'proxy-nokeepalive': '1', SCRIPT_NAME: '/script.php', PATH_INFO: '/path/info' },
    ],
    ['nginx-1.31.5-scgi-get-query.bin', { ...query, SCGI: '1', CONTENT_LENGTH: '0', SCRIPT_NAME: undefined }],
    ['apache-2.4.71-scgi-get-query.bin', { ...query, SCGI: '1', CONTENT_LENGTH: '0', SCRIPT_NAME: '/path/info' }],
    ['lighttpd-1.4.85-scgi-get-query.bin', { ...query, SCGI: '1', CONTENT_LENGTH: '0' }],
    ['nginx-1.22.1-scgi-hdr-dup.bin', duplicates],
    ['nginx-1.31.5-scgi-hdr-dup.bin', duplicates],
    ['nginx-1.31.5-scgi-hdr-proxy-httpoxy.bin', { HTTP_PROXY: undefined, REQUEST_URI: '/px' }],
    // A body behind CONTENT_LENGTH 0.
    ['nginx-1.22.1-scgi-stream-100k.bin', { CONTENT_LENGTH: '0', HTTP_CONTENT_LENGTH: undefined }],
    ['apache-2.4.71-ajp-get-query.bin', { ...query, PATH_INFO: '/path/info', SCRIPT_NAME: '', HTTPS: undefined }],
    ['apache-2.4.71-ajp-path-2f-slashes.bin', { PATH_INFO: '/a/b/c/e f;g;p=1', QUERY_STRING: 'q=%2F' }],
    ['apache-2.4.71-ajp-https-get.bin', { HTTPS: 'on', SSL_PROTOCOL: 'TLSv1.3', SSL_CIPHER_USEKEYSIZE: '256' }],
    ['apache-2.4.71-ajp-hdr-auth.bin', { HTTP_AUTHORIZATION: 'Basic dXNlcjpwYXNz', REMOTE_USER: undefined }],
    ['apache-2.4.71-ajp-hdr-underscore.bin', { HTTP_X_UNDER_SCORE: 'good' }],
    ['apache-2.4.71-http-hdr-underscore.bin', { HTTP_X_UNDER_SCORE: 'good' }],
    ['apache-2.4.71-ajp-hdr-proxy-httpoxy.bin', { HTTP_PROXY: undefined, REQUEST_URI: '/px' }],
    // An environment variable of Apache that its administrator named AJP_MYATTR.
    ['apache-2.4.71-ajp-method-custom.bin', { REQUEST_METHOD: 'PURGE', MYATTR: undefined, HTTP_MYATTR: undefined }],
    ['apache-2.4.71-ajp-query-empty.bin', { REQUEST_URI: '/qe?', QUERY_STRING: '' }],
    ['apache-2.4.71-ajp-absolute-uri.bin', { HTTP_HOST: 'other.example:81', PATH_INFO: '/abs/path' }],
    ['apache-2.4.71-ajp-options.bin', { REQUEST_METHOD: 'OPTIONS' }],
    ['apache-jk-1.2.48-ajp-get-query.bin', { ...query, PATH_INFO: '/path/info', JK_LB_ACTIVATION: 'ACT' }],
    ['lighttpd-1.4.85-ajp-get-query.bin', { PATH_INFO: '/path', CONTENT_LENGTH: '0' }],
    ['lighttpd-1.4.85-ajp-raw-no-host.bin', { SERVER_NAME: 'localhost', HTTP_HOST: undefined }],
    [
      'nginx-1.31.5-http-get-query.bin',
      { ...query, PATH_INFO: '/path/info', SCRIPT_NAME: '', REMOTE_ADDR: PEER.address, CONTENT_LENGTH: undefined },
    ],
    ['nginx-1.22.1-http-get-query.bin', { ...query, SERVER_PROTOCOL: 'HTTP/1.0', HTTP_CONNECTION: 'close' }],
    ['nginx-1.31.5-http-hdr-dup.bin', { ...duplicates, HTTP_CONNECTION: undefined }],
    ['haproxy-3.5-dev5-http-hdr-dup.bin', duplicates],
    ['nginx-1.31.5-http-path-2f-slashes.bin', { ...slashes, PATH_INFO: '/a/b//c/e f;g;p=1' }],
    ['nginx-1.31.5-http-x-raw-path-8bit.bin', { REQUEST_URI: '/caf\xe9/\xc3\xa9', PATH_INFO: '/caf\xe9/\xc3\xa9' }],
    ['nginx-1.31.5-http-x-raw-xff-dup.bin', { HTTP_X_FORWARDED_FOR: '1.1.1.1, 2.2.2.2', REMOTE_ADDR: PEER.address }],
    ['nginx-1.31.5-http-hdr-proxy-httpoxy.bin', { HTTP_PROXY: undefined, REQUEST_URI: '/px' }],
    ['nginx-1.31.5-http-ws-upgrade.bin', { HTTP_UPGRADE: 'websocket', HTTP_CONNECTION: 'upgrade' }],
    ['caddy-2.6.2-http-raw-fragment.bin', { REQUEST_URI: '/frag?x=1#frag', QUERY_STRING: 'x=1' }],
    ['apache-2.4.71-http-noreuse.bin', { HTTP_CONNECTION: 'close' }],
    ['apache-2.4.71-http-post-chunked-100k.bin', { HTTP_TRANSFER_ENCODING: 'chunked', CONTENT_LENGTH: undefined }],
    ['haproxy-3.5-dev5-http-raw-options-star.bin', { REQUEST_METHOD: 'OPTIONS', REQUEST_URI: '*', PATH_INFO: '' }],
    ['haproxy-3.5-dev5-http-raw-chunked-trailer.bin', { HTTP_TRAILER: 'X-T', HTTP_X_T: undefined }],
    ['haproxy-3.5-dev5-http-method-custom.bin', { REQUEST_METHOD: 'PURGE' }],
    ['server-tomcat-ajp-attr-unknown.req.bin', { 'my.attr': undefined }],
    ['server-tomcat-ajp-attr-remote-user-port.req.bin', { REMOTE_PORT: expect.stringMatching(/^\d+$/) as string }],
    ['nginx-1.31.5-fastcgi-hdr-many-200.bin', { HTTP_X_N000: 'v0', HTTP_X_N199: 'v199' }],
  ])('%s', (file, expected) => {
    const found = variables(file)
    for (const [name, value] of Object.entries(expected)) expect({ [name]: found[name] }).toEqual({ [name]: value })
  })

  test.each([
    'nginx-1.31.5-fastcgi-hdr-16k.bin',
    'nginx-1.31.5-http-hdr-16k.bin',
    'nginx-1.31.5-uwsgi-hdr-16k.bin',
    'uwsgi-2.0.21-uwsgi-hdr-16k.bin',
  ])('%s: a long header arrives in full', (file) => {
    expect(Math.max(...Object.values(variables(file)).map(({ length }) => length))).toBeGreaterThan(7000)
  })
})

describe('bytes behind a request', () => {
  const complete = served.filter(({ host }) => host !== 'crafted')
  const simple = complete.filter(({ case: name }) => !/abort|mpx|keep/.test(name))

  const kept = simple.filter(({ protocol }) => protocol === 'fastcgi' || protocol === 'ajp')
  test.each(kept.filter(({ case: name }) => !/secret|pipelined/.test(name)))(
    '$file: a next request is heard like the first',
    ({ file, protocol }) => {
      const conversation = new Conversation(codecOf(protocol))
      const bytes = bytesOf(file)
      conversation.feed(bytes, whole)
      conversation.answer()
      conversation.feed(bytes, bytewise)
      const [first, second] = conversation.heard
      expect(second!.variables).toEqual(first!.variables)
      expect(Buffer.concat(second!.body).equals(Buffer.concat(first!.body))).toBe(true)
      expect(second!.length).toBe(first!.length)
      expect(() => conversation.feed(Buffer.from('GET / HTTP/1.1'), whole)).toThrow(PeerError)
      expect(conversation.heard).toHaveLength(2)
    },
  )

  test.each(simple.filter(unframed))('$file: nothing more is heard', ({ file, protocol }) => {
    const bytes = bytesOf(file)
    for (const cut of [whole, bytewise]) {
      const conversation = new Conversation(codecOf(protocol))
      conversation.feed(Buffer.concat([bytes, bytes, Buffer.from('GET / HTTP/1.1')]), cut)
      expect(conversation.heard).toHaveLength(1)
      expect(conversation.heard[0]!.ended).toBe(true)
    }
  })

  // HTTP's client may send the next request before it has the response to the one ahead of it (RFC 9112 9.3.2).
  const behind = served.filter(({ protocol }) => protocol === 'http')
  const isKept = ({ file }: Capture): boolean => decodeHttp(bytesOf(file)).every(({ keep }) => keep)
  const tail = Buffer.from('GET /tail HTTP/1.1\r\nHo')
  /** With the file twice and the tail behind it: what waits is put together again for each byte. */
  const coarse = (size: number): [string, Cut][] => cuts(size).filter(([how]) => size < 4096 || how !== 'byte by byte')

  test.each(behind.filter(isKept))('$file: a tail waits for the end of the response', ({ file }) => {
    const bytes = bytesOf(file)
    const expected = decodeHttp(bytes)
    const wanted = [...expected, ...expected].map(({ pairs, body }) => [variablesOf(pairs).REQUEST_URI, body])
    for (const [how, cut] of coarse(bytes.length)) {
      const conversation = new Conversation(codecOf('http'))
      conversation.feed(Buffer.concat([bytes, bytes, tail]), cut)
      expect(conversation.heard).toMatchObject([{ id: 1, ended: true }])
      expect(conversation.codec.pending).toBe(true)
      conversation.goOn()
      conversation.feed(Buffer.from('st: h\r\n\r\n'), cut)
      const heard = conversation.heard.map(({ variables, body }) => [variables.REQUEST_URI, Buffer.concat(body)])
      expect({ how, heard }).toEqual({ how, heard: [...wanted, ['/tail', Buffer.alloc(0)]] })
      expect(conversation.codec.pending).toBe(false)
    }
  })

  test.each(behind.filter((capture) => !isKept(capture)))('$file: behind it, nothing is heard', ({ file }) => {
    const bytes = bytesOf(file)
    for (const [, cut] of coarse(bytes.length)) {
      const conversation = new Conversation(codecOf('http'))
      conversation.feed(Buffer.concat([bytes, bytes, tail]), cut)
      expect(conversation.heard).toMatchObject([{ id: 1, ended: true }])
      conversation.answer()
      expect(conversation.codec.keepsOpen(1)).toBe(false)
    }
  })
})
