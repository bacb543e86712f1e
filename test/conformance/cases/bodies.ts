// Request bodies: pulled by the app, whole and nothing but.
import { createHash } from 'node:crypto'
import { deepEqual, equal } from 'node:assert/strict'
import type { Case } from '../case.ts'

const INPUT = 'PEP 3333 "Input and Error Streams"'
const NO_CHUNKED = 'it has no bodies without a length: the host takes the framing off'
const NO_READLINE = { asgi: 'events have no lines', node: 'a stream has no lines', fetch: 'a stream has no lines' }
const OCTETS = ['Content-Type', 'application/octet-stream'] as const

/** Not the same 64 KB over and over: a lost or doubled piece is seen. */
export function bytes(size: number): Buffer {
  const out = Buffer.allocUnsafe(size)
  let state = size | 1
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    out[i] = state >>> 24
  }
  return out
}

const MEGABYTE = bytes(1024 * 1024)

function digest(name: string, body: Buffer, chunked?: number): Case {
  let sha256: string | undefined
  return {
    name,
    spec: INPUT,
    app: 'digest',
    request: { method: 'POST', target: '/', headers: [OCTETS], body, ...(chunked ? { chunked } : {}) },
    ...(chunked ? { notOver: { uwsgi: NO_CHUNKED, scgi: NO_CHUNKED } } : {}),
    check(answer) {
      sha256 ??= createHash('sha256').update(body).digest('hex')
      deepEqual(answer.json(), { size: body.length, sha256 })
    },
  }
}

export const bodies: readonly Case[] = [
  {
    name: 'body-echo',
    spec: INPUT,
    app: 'echo',
    request: { method: 'POST', target: '/', headers: [['Content-Type', 'text/x-echo']], body: 'a=1&b=2\r\n\r\n' },
    check: (answer) => deepEqual([answer.text, answer.header('content-type')], ['a=1&b=2\r\n\r\n', 'text/x-echo']),
  },
  {
    name: 'body-every-byte',
    spec: INPUT,
    app: 'echo',
    request: {
      method: 'PUT',
      target: '/',
      headers: [OCTETS],
      body: Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
    },
    check: (answer) =>
      deepEqual(
        [...answer.body],
        Array.from({ length: 256 }, (_, i) => i),
      ),
  },
  {
    name: 'body-empty-post',
    spec: 'RFC 9110 8.6: Content-Length: 0',
    app: 'digest',
    request: { method: 'POST', target: '/', body: '' },
    check: (answer) => equal(answer.json<{ size: number }>().size, 0),
  },
  {
    name: 'body-none',
    spec: 'RFC 9112 6.3: without length and framing there is no body; reading gives the end at once',
    app: 'digest',
    request: { target: '/' },
    check: (answer) => equal(answer.json<{ size: number }>().size, 0),
  },
  digest('body-megabyte', MEGABYTE),
  digest('body-chunked', Buffer.from('in pieces of three bytes'), 3),
  digest('body-chunked-megabyte', MEGABYTE, 7919),
  {
    name: 'body-unread',
    spec: INPUT,
    app: 'unread',
    request: { method: 'POST', target: '/', headers: [OCTETS], body: bytes(1000) },
    check: (answer) => deepEqual([answer.status, answer.text], [200, 'not read\n']),
  },
  {
    name: 'body-unread-large',
    spec: 'an app may answer an upload that it does not read',
    app: 'unread',
    request: { method: 'POST', target: '/', headers: [OCTETS], body: MEGABYTE },
    check: (answer) => deepEqual([answer.status, answer.text], [200, 'not read\n']),
    // nginx writes this down when the upload meets the finished response.
    hostLog: /writev\(\) failed|sendfile\(\) failed|upstream prematurely closed/,
  },
  {
    name: 'body-readline',
    spec: INPUT,
    app: 'readline',
    request: { method: 'POST', target: '/', body: 'one\ntwo\r\n\nlast' },
    notApplicable: NO_READLINE,
    check: (answer) => deepEqual(answer.json(), ['one\n', 'two\r\n', '\n', 'last']),
  },
  {
    name: 'body-readlines',
    spec: INPUT,
    app: 'readlines',
    request: { method: 'POST', target: '/', body: `${'x'.repeat(100_000)}\ny\n` },
    notApplicable: NO_READLINE,
    check: (answer) => deepEqual(answer.json(), [`${'x'.repeat(100_000)}\n`, 'y\n']),
  },
  {
    name: 'body-read-sizes',
    spec: INPUT,
    app: 'read-sizes',
    request: { method: 'POST', target: '/', body: '12345abcdefghi\nrest' },
    notApplicable: NO_READLINE,
    check: (answer) => deepEqual(answer.json(), ['12345', 'abc', 'defghi\nrest', '']),
  },
]
