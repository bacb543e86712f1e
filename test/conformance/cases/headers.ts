// The head of a request: method, fields, what the app may trust.
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Case } from '../case.ts'
import type { Report } from './paths.ts'

const FIELDS = 'RFC 3875 4.1.18; RFC 9110 5'

export const headers: readonly Case[] = [
  ...['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'].map((method): Case => ({
    name: `method-${method.toLowerCase()}`,
    spec: 'RFC 3875 4.1.12',
    app: 'report',
    request: { method, target: '/m', ...(method === 'POST' || method === 'PUT' ? { body: 'x' } : {}) },
    check: (answer) => equal(answer.json<Report>().method, method),
  })),
  {
    name: 'header-plain',
    spec: FIELDS,
    app: 'report',
    request: { target: '/', headers: [['X-One-Two', 'a b  c']] },
    check: (answer) => equal(answer.json<Report>().headers['x-one-two'], 'a b  c'),
  },
  {
    name: 'header-twice',
    spec: 'RFC 9110 5.3: joined with a comma, in order',
    app: 'report',
    request: {
      target: '/',
      headers: [
        ['X-Twice', 'one'],
        ['X-Twice', 'two'],
      ],
    },
    check: (answer) => equal(answer.json<Report>().headers['x-twice'], 'one, two'),
  },
  {
    name: 'header-empty',
    spec: FIELDS,
    app: 'report',
    request: { target: '/', headers: [['X-Empty', '']] },
    check: (answer) => equal(answer.json<Report>().headers['x-empty'], ''),
  },
  {
    name: 'header-latin1',
    spec: 'PEP 3333 "Unicode Issues": strings stand for bytes',
    app: 'report',
    request: { target: '/', headers: [['X-Latin', 'caf\u00e9']] },
    check: (answer) => equal(answer.json<Report>().headers['x-latin'], 'caf\u00e9'),
  },
  {
    name: 'header-large',
    spec: 'a cookie of 12 KB is in the world',
    app: 'report',
    request: { target: '/', headers: [['X-Large', 'l'.repeat(12_000)]] },
    check: (answer) => equal(answer.json<Report>().headers['x-large']?.length, 12_000),
  },
  {
    name: 'header-many',
    spec: FIELDS,
    app: 'report',
    request: { target: '/', headers: Array.from({ length: 90 }, (_, i) => [`X-Many-${i}`, `v${i}`] as const) },
    check: (answer) => {
      const { headers } = answer.json<Report>()
      for (let i = 0; i < 90; i++) equal(headers[`x-many-${i}`], `v${i}`)
    },
  },
  {
    name: 'cookie',
    spec: 'RFC 6265 5.4',
    app: 'report',
    request: { target: '/', headers: [['Cookie', 'a=1; b="2, 3"']] },
    check: (answer) => equal(answer.json<Report>().headers.cookie, 'a=1; b="2, 3"'),
  },
  {
    name: 'cookie-twice',
    spec: 'RFC 9113 8.2.3: cookies are joined with "; "',
    app: 'report',
    request: {
      target: '/',
      headers: [
        ['Cookie', 'a=1'],
        ['Cookie', 'b=2'],
      ],
    },
    check: (answer) => equal(answer.json<Report>().headers.cookie, 'a=1; b=2'),
  },
  {
    name: 'authorization',
    spec: 'apps check it themselves',
    app: 'report',
    request: { target: '/', headers: [['Authorization', 'Basic YTpi']] },
    check: (answer) => equal(answer.json<Report>().headers.authorization, 'Basic YTpi'),
  },
  {
    name: 'host',
    spec: 'RFC 9110 7.2: with the port the client used',
    app: 'report',
    request: { target: '/', headers: [['Host', 'localhost:8081']] },
    check: (answer) => equal(answer.json<Report>().headers.host, 'localhost:8081'),
  },
  {
    name: 'content-type',
    spec: 'RFC 3875 4.1.3',
    app: 'report',
    request: { method: 'POST', target: '/', headers: [['Content-Type', 'text/x-y; charset="z"']], body: 'b' },
    check: (answer) => equal(answer.json<Report>().type, 'text/x-y; charset="z"'),
  },
  {
    name: 'httpoxy',
    spec: 'CVE-2016-5385: a Proxy header is no HTTP_PROXY',
    app: 'report',
    request: { target: '/', headers: [['Proxy', 'http://evil/']] },
    check: (answer, run) => {
      const { headers } = answer.json<Report>()
      // Where a field is a field, it does no harm; it must not be a variable of that name.
      if (run.interface === 'app' || run.interface === 'python') ok(!('proxy' in headers))
    },
  },
  {
    name: 'server-variables',
    spec: 'PEP 3333 "environ Variables": SERVER_NAME and SERVER_PORT are never empty',
    app: 'report',
    request: { target: '/', headers: [['Host', 'www.example.com']] },
    notApplicable: { node: 'no such variables', fetch: 'no such variables', asgi: 'scope-server asks for it' },
    check: (answer) => {
      const { name, port, scheme, protocol } = answer.json<Report>()
      deepEqual(
        [name, scheme, /^[0-9]+$/.test(port), /^HTTP\/[0-9.]+$/.test(protocol)],
        ['www.example.com', 'http', true, true],
      )
    },
  },
]
