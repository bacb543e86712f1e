// Responses: status, fields, and bodies whose end the client can tell.
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Case } from '../case.ts'
import { BLOCK, HEAD_LIKE, LARGE_BLOCKS, UNICODE } from '../material.ts'

export const responses: readonly Case[] = [
  {
    name: 'hello',
    spec: 'PEP 3333 "The Application/Framework Side"',
    app: 'hello',
    request: { target: '/' },
    check: (answer, run) => {
      deepEqual([answer.status, answer.text], [200, 'Hello World\n'])
      // The status of ASGI is a number alone.
      if (run.interface !== 'asgi') equal(answer.head.reason, 'OK')
      deepEqual([answer.header('content-type'), answer.header('content-length')], ['text/plain; charset=utf-8', '12'])
      ok(answer.complete)
      equal(answer.extra, 0)
    },
  },
  {
    name: 'head',
    spec: 'RFC 9110 9.3.2: the fields of GET, no body',
    app: 'hello',
    request: { method: 'HEAD', target: '/' },
    check: (answer) => deepEqual([answer.status, answer.extra, answer.header('content-length')], [200, 0, '12']),
  },
  {
    name: 'head-no-length',
    spec: 'RFC 9110 9.3.2: no length is better than a wrong one',
    app: 'generator',
    request: { method: 'HEAD', target: '/' },
    check: (answer) => {
      deepEqual([answer.status, answer.extra], [200, 0])
      ok(['14', undefined].includes(answer.header('content-length')), 'Content-Length of the body of GET, or none')
    },
  },
  {
    name: 'length-inferred',
    spec: 'PEP 3333 "Handling the Content-Length Header": a body of one chunk',
    app: 'one',
    request: { target: '/' },
    notApplicable: { asgi: 'whether a length is added is left to the server' },
    check: (answer) => {
      equal(answer.text, 'exactly one chunk\n')
      equal(answer.header('content-length'), '18')
    },
  },
  {
    name: 'body-empty',
    spec: 'PEP 3333: an empty iterable still sends its head',
    app: 'empty',
    request: { target: '/' },
    check: (answer) => deepEqual([answer.status, answer.text, answer.complete], [200, '', true]),
  },
  {
    name: 'status-204',
    spec: 'RFC 9110 15.3.5: no body, no Content-Length (8.6)',
    app: 'no-content',
    request: { target: '/' },
    check: (answer) =>
      deepEqual(
        [
          answer.status,
          answer.extra,
          answer.header('content-length'),
          answer.header('transfer-encoding'),
          answer.header('x-kept'),
        ],
        [204, 0, undefined, undefined, 'yes'],
      ),
  },
  {
    name: 'status-304',
    spec: 'RFC 9110 15.4.5: no body; no length that GET would not have had',
    app: 'not-modified',
    request: { target: '/' },
    check: (answer) =>
      deepEqual(
        [answer.status, answer.extra, answer.header('content-length'), answer.header('etag')],
        [304, 0, undefined, '"v1"'],
      ),
  },
  {
    name: 'status-204-with-body',
    breaksRules: true,
    spec: 'RFC 9110 6.4.1: a body that may not be is not sent',
    app: 'bodiless-body',
    request: { target: '/' },
    notApplicable: { fetch: 'Response refuses a body with 204' },
    check: (answer) => deepEqual([answer.status, answer.extra], [204, 0]),
  },
  {
    name: 'reason-own',
    spec: "PEP 3333: the status string is the app's",
    app: 'reason',
    request: { target: '/' },
    notApplicable: { asgi: 'a status is a number alone' },
    check: (answer) => deepEqual([answer.status, answer.head.reason], [418, 'Short And Stout']),
  },
  {
    name: 'redirect-untouched',
    spec: 'RFC 9110 10.2.2: Location may be relative',
    app: 'redirect',
    request: { target: '/' },
    check: (answer) => deepEqual([answer.status, answer.header('location')], [302, '/elsewhere?x=%2F#y']),
  },
  {
    name: 'set-cookie-many',
    spec: 'RFC 6265 3: Set-Cookie is never joined',
    app: 'cookies',
    request: { target: '/' },
    check: (answer) => deepEqual(answer.all('set-cookie'), ['a=1; Path=/', 'b=2; HttpOnly', 'c=3, 4']),
  },
  {
    name: 'headers-odd',
    spec: 'RFC 9110 5.3, 5.5',
    app: 'odd-headers',
    request: { target: '/' },
    check: (answer) => {
      equal(answer.header('x-latin'), 'caf\u00e9')
      equal(answer.all('x-twice').join(', '), 'one, two')
    },
  },
  {
    name: 'header-empty-out',
    spec: 'RFC 9110 5.5: a field may be empty',
    app: 'odd-headers',
    request: { target: '/' },
    check: (answer) => equal(answer.header('x-empty'), ''),
  },
  {
    name: 'headers-many',
    spec: 'RFC 9110 5.4',
    app: 'many-headers',
    request: { target: '/' },
    check: (answer) => {
      for (let i = 0; i < 100; i++) equal(answer.header(`x-many-${i}`), `value ${i}`)
    },
  },
  {
    name: 'header-large-out',
    spec: 'a CSP of 12 KB is in the world',
    app: 'large-header',
    request: { target: '/' },
    notOver: { ajp: 'a response head is one packet, of 8 KB unless both sides are set otherwise' },
    check: (answer) => equal(answer.header('x-large')?.length, 12_000),
  },
  {
    name: 'body-like-head',
    spec: 'only the first empty line ends a head',
    app: 'head-like',
    request: { target: '/' },
    check: (answer) => deepEqual([answer.status, answer.text], [200, HEAD_LIKE]),
  },
  {
    name: 'body-unicode',
    spec: 'strings are sent as UTF-8; lengths count bytes',
    app: 'unicode',
    request: { target: '/' },
    check: (answer) => deepEqual([answer.text, answer.complete], [UNICODE, true]),
  },
  {
    name: 'body-chunks',
    spec: 'PEP 3333 "Buffering and Streaming": empty chunks do no harm',
    app: 'generator',
    request: { target: '/' },
    check: (answer) => deepEqual([answer.text, answer.complete], ['one\ntwo\nthree\n', true]),
  },
  {
    name: 'body-large',
    spec: '10 MB, to the byte',
    app: 'large',
    request: { target: '/' },
    check: (answer) => {
      const size = BLOCK.length
      equal(answer.body.length, size * LARGE_BLOCKS)
      for (let i = 0; i < LARGE_BLOCKS; i++)
        ok(answer.body.subarray(i * size, (i + 1) * size).equals(BLOCK), `block ${i}`)
      ok(answer.complete)
    },
  },
]
