// What only the WSGI interface has, in TypeScript and in Python: PEP 3333, section by section.
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Case } from '../case.ts'
import { FILE_SIZE } from '../material.ts'

const WSGI_ONLY = { node: 'not part of (req, res)', fetch: 'not part of Request and Response' }

function wsgiCase(one: Omit<Case, 'notApplicable' | 'request'> & Partial<Pick<Case, 'request'>>): Case {
  return { request: { target: '/' }, ...one, notApplicable: WSGI_ONLY }
}

export const wsgi: readonly Case[] = [
  wsgiCase({
    name: 'wsgi-keys',
    spec: 'PEP 3333 "environ Variables"',
    app: 'keys',
    request: { target: '/', headers: [['Proxy', 'http://evil/']] },
    check: (answer) =>
      deepEqual(answer.json(), {
        version: [1, 0],
        flags: [true, true, true],
        input: true,
        errors: true,
        terminated: true,
        strings: true,
        proxy: false,
      }),
  }),
  {
    ...wsgiCase({ name: 'wsgi-write', spec: 'PEP 3333 "The write() Callable"', app: 'write' }),
    notApplicable: {},
    check: (answer) => equal(answer.text, 'one two three\n'),
  },
  wsgiCase({
    name: 'wsgi-exc-info-before',
    spec: 'PEP 3333 "The start_response() Callable": exc_info replaces a head that was not sent',
    app: 'exc-info-before',
    check: (answer) => deepEqual([answer.status, answer.header('x-first'), answer.text], [503, undefined, 'changed\n']),
  }),
  wsgiCase({
    name: 'wsgi-exc-info-after',
    spec: 'PEP 3333: exc_info is raised again once the head was sent',
    app: 'exc-info-after',
    hostLog: /upstream prematurely closed connection|recv\(\) failed \(104/,
    check: (answer) => deepEqual([answer.status, answer.text, answer.complete], [200, 'begun\n', false]),
  }),
  wsgiCase({
    name: 'wsgi-start-twice',
    spec: 'PEP 3333: a second start_response without exc_info is an error',
    app: 'start-twice',
    check: (answer) => equal(answer.status, 500),
  }),
  wsgiCase({
    name: 'wsgi-no-start',
    spec: 'PEP 3333: start_response comes before the first chunk',
    app: 'no-start',
    check: (answer) => equal(answer.status, 500),
  }),
  wsgiCase({
    name: 'wsgi-late-start',
    spec: 'PEP 3333: start_response may be called when the first chunk is asked for',
    app: 'late-start',
    check: (answer) => deepEqual([answer.status, answer.text], [202, 'late\n']),
  }),
  wsgiCase({
    name: 'wsgi-head-held',
    spec: 'PEP 3333: the head is not sent before the first chunk that is not empty',
    app: 'held-head',
    check: (answer) => deepEqual([answer.status, answer.text], [404, 'held\n']),
  }),
  wsgiCase({
    name: 'wsgi-hop-by-hop',
    spec: 'PEP 3333 "Other HTTP Features": an app may not send hop-by-hop fields: they are left out, or an error (lint)',
    app: 'hop',
    check: (answer) => {
      ok(answer.status === 200 || answer.status === 500)
      for (const name of ['trailer', 'proxy-authenticate']) equal(answer.header(name), undefined)
    },
  }),
  wsgiCase({
    name: 'wsgi-file-wrapper',
    spec: 'PEP 3333 "Optional Platform-Specific File Handling"',
    app: 'file',
    check: (answer) => {
      equal(answer.body.length, FILE_SIZE)
      ok(answer.body.every((byte) => byte === 102))
    },
  }),
  wsgiCase({
    name: 'wsgi-errors',
    spec: 'PEP 3333 "Input and Error Streams"',
    app: 'errors',
    check: (answer) => equal(answer.text, 'written\n'),
  }),
  wsgiCase({
    name: 'wsgi-split-header',
    spec: 'PEP 3333: no control characters in header values (RFC 9110 5.5)',
    app: 'split-header',
    check: (answer) => {
      equal(answer.status, 500)
      equal(answer.header('x-injected'), undefined)
    },
  }),
]
