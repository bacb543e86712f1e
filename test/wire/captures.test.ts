// Every captured connection, whole, byte by byte and in random pieces: the codec says what an independent decoder finds.
import { describe, expect, test } from 'vitest'
import { PeerError } from '../../sidecar/errors.ts'
import { ajp } from '../../sidecar/wire/ajp.ts'
import { fastcgi } from '../../sidecar/wire/fastcgi.ts'
import { scgi } from '../../sidecar/wire/scgi.ts'
import { uwsgi } from '../../sidecar/wire/uwsgi.ts'
import { bytesOf, captures, type Capture } from './captures.ts'
import { Conversation } from './converse.ts'
import { decodeAjp } from './decode-ajp.ts'
import { decodeFastcgi, decodeScgi, decodeUwsgi, variablesOf } from './decode.ts'
import { bytewise, random, randomly, seed, whole, type Cut } from './splits.ts'

const protocols = { ajp, fastcgi, scgi, uwsgi }
const decoders = { ajp: decodeAjp, fastcgi: decodeFastcgi, scgi: decodeScgi, uwsgi: decodeUwsgi }

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
  // One header with `_`, one with `-`, as over HTTP.
  'apache-2.4.71-ajp-hdr-spoof-cgi.bin': 'HEADER_TWIN',
  'apache-2.4.71-ajp-hdr-underscore.bin': 'HEADER_TWIN',
  'lighttpd-1.4.85-ajp-hdr-spoof-cgi.bin': 'HEADER_TWIN',
  'lighttpd-1.4.85-ajp-hdr-underscore.bin': 'HEADER_TWIN',
  // lighttpd sends the path decoded, so that it may hold a % that is no escape.
  'lighttpd-1.4.85-ajp-x-raw-pct-bad.bin': 'PATH_ESCAPE',
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
  protocol === 'ajp' ? 'HTTP_TRANSFER_ENCODING' in variables : body.length > 0

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

describe(`captured connections (SIDEGATE_SEED=${seed})`, () => {
  test.each(requests.filter(({ file }) => !(file in refused) && !noRequest.has(file)))('$file', (capture) => {
    const bytes = bytesOf(capture.file)
    const decoded = decoders[capture.protocol](bytes)
    for (const [how, cut] of cuts(bytes.length)) {
      const conversation = new Conversation(protocols[capture.protocol].server())
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
      const conversation = new Conversation(protocols[protocol].server())
      const run = (): void => {
        conversation.feed(bytes, cut)
        conversation.codec.receiveEnd()
      }
      expect(run).toThrow(expect.objectContaining({ code, blame: 'peer' }))
      expect(() => conversation.codec.receive(Buffer.from([1]))).toThrow(PeerError)
    }
  })

  test.each(requests.filter(({ file }) => !(file in refused)))('$file is recognised', ({ file, protocol }) => {
    const bytes = bytesOf(file)
    // SCGI is known behind its digits, the others within two bytes.
    const known = protocol === 'scgi' ? bytes.indexOf(':') + 1 : 2
    for (const { name, recognise } of Object.values(protocols)) {
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
  const conversation = new Conversation(protocols[captures.find((capture) => capture.file === file)!.protocol].server())
  conversation.feed(bytesOf(file), whole)
  return { ...conversation.heard[0]!.variables }
}

describe('what hosts say, by name', () => {
  const duplicates = { HTTP_X_DUP: 'one, two', HTTP_COOKIE: 'a=1; b=2', HTTP_ACCEPT: 'text/html, text/plain' }
  const query = { REQUEST_URI: '/path/info?x=1&y=a%20b', QUERY_STRING: 'x=1&y=a%20b', REQUEST_METHOD: 'GET' }
  const slashes = { REQUEST_URI: '/a%2Fb//c/./d/../e%20f%3Bg;p=1?q=%2F', QUERY_STRING: 'q=%2F' }
  test.each<[string, Record<string, string | undefined>]>([
    ['nginx-1.31.5-uwsgi-get-query.bin', { ...query, PATH_INFO: '/path/info', CONTENT_LENGTH: '' }],
    ['nginx-1.31.5-fastcgi-get-query.bin', { ...query, SCRIPT_NAME: '/path/info', CONTENT_LENGTH: '' }],
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
    ['haproxy-3.5-dev5-fastcgi-path-pct00.bin', { SCRIPT_NAME: '/nul\0x', REQUEST_URI: '/nul%00x' }],
    ['nginx-1.31.5-scgi-get-query.bin', { ...query, SCGI: '1', CONTENT_LENGTH: '0', SCRIPT_NAME: undefined }],
    ['apache-2.4.71-scgi-get-query.bin', { ...query, SCGI: '1', CONTENT_LENGTH: '0', SCRIPT_NAME: '/path/info' }],
    ['lighttpd-1.4.85-scgi-get-query.bin', { ...query, SCGI: '1', CONTENT_LENGTH: '0' }],
    ['nginx-1.22.1-scgi-hdr-dup.bin', duplicates],
    ['nginx-1.31.5-scgi-hdr-dup.bin', duplicates],
    ['nginx-1.31.5-scgi-hdr-proxy-httpoxy.bin', { HTTP_PROXY: undefined, REQUEST_URI: '/px' }],
    // A body behind CONTENT_LENGTH 0.
    ['nginx-1.22.1-scgi-stream-100k.bin', { CONTENT_LENGTH: '0', HTTP_CONTENT_LENGTH: '102400' }],
    ['apache-2.4.71-ajp-get-query.bin', { ...query, PATH_INFO: '/path/info', SCRIPT_NAME: '', HTTPS: undefined }],
    ['apache-2.4.71-ajp-path-2f-slashes.bin', { PATH_INFO: '/a/b/c/e f;g;p=1', QUERY_STRING: 'q=%2F' }],
    ['apache-2.4.71-ajp-https-get.bin', { HTTPS: 'on', SSL_PROTOCOL: 'TLSv1.3', SSL_CIPHER_USEKEYSIZE: '256' }],
    ['apache-2.4.71-ajp-hdr-auth.bin', { HTTP_AUTHORIZATION: 'Basic dXNlcjpwYXNz', REMOTE_USER: undefined }],
    ['apache-2.4.71-ajp-hdr-proxy-httpoxy.bin', { HTTP_PROXY: undefined, REQUEST_URI: '/px' }],
    // An environment variable of Apache that its administrator named AJP_MYATTR.
    ['apache-2.4.71-ajp-method-custom.bin', { REQUEST_METHOD: 'PURGE', MYATTR: undefined, HTTP_MYATTR: undefined }],
    ['apache-2.4.71-ajp-query-empty.bin', { REQUEST_URI: '/qe?', QUERY_STRING: '' }],
    ['apache-2.4.71-ajp-absolute-uri.bin', { HTTP_HOST: 'other.example:81', PATH_INFO: '/abs/path' }],
    ['apache-2.4.71-ajp-options.bin', { REQUEST_METHOD: 'OPTIONS' }],
    ['apache-jk-1.2.48-ajp-get-query.bin', { ...query, PATH_INFO: '/path/info', JK_LB_ACTIVATION: 'ACT' }],
    ['lighttpd-1.4.85-ajp-get-query.bin', { PATH_INFO: '/path', CONTENT_LENGTH: '0' }],
    ['lighttpd-1.4.85-ajp-raw-no-host.bin', { SERVER_NAME: 'localhost', HTTP_HOST: undefined }],
    ['server-tomcat-ajp-attr-unknown.req.bin', { 'my.attr': undefined }],
    ['server-tomcat-ajp-attr-remote-user-port.req.bin', { REMOTE_PORT: expect.stringMatching(/^\d+$/) as string }],
    ['nginx-1.31.5-fastcgi-hdr-many-200.bin', { HTTP_X_N000: 'v0', HTTP_X_N199: 'v199' }],
  ])('%s', (file, expected) => {
    const found = variables(file)
    for (const [name, value] of Object.entries(expected)) expect({ [name]: found[name] }).toEqual({ [name]: value })
  })

  test.each(['nginx-1.31.5-fastcgi-hdr-16k.bin', 'nginx-1.31.5-uwsgi-hdr-16k.bin', 'uwsgi-2.0.21-uwsgi-hdr-16k.bin'])(
    '%s: a long header arrives in full',
    (file) => {
      expect(Math.max(...Object.values(variables(file)).map(({ length }) => length))).toBeGreaterThan(7000)
    },
  )
})

describe('bytes behind a request', () => {
  const complete = requests.filter(({ file, host }) => !(file in refused) && !noRequest.has(file) && host !== 'crafted')
  const simple = complete.filter(({ case: name }) => !/abort|mpx|keep/.test(name))

  const kept = simple.filter(({ protocol }) => protocol === 'fastcgi' || protocol === 'ajp')
  test.each(kept.filter(({ case: name }) => !/secret|pipelined/.test(name)))(
    '$file: a next request is heard like the first',
    ({ file, protocol }) => {
      const conversation = new Conversation(protocols[protocol].server())
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
      const conversation = new Conversation(protocols[protocol].server())
      conversation.feed(Buffer.concat([bytes, bytes, Buffer.from('GET / HTTP/1.1')]), cut)
      expect(conversation.heard).toHaveLength(1)
      expect(conversation.heard[0]!.ended).toBe(true)
    }
  })
})
