// Paths and queries, to the byte: what the client wrote reaches the app decoded once (WSGI), or as it was written (Node, Fetch).
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Answer } from '../answer.ts'
import type { Case, Run } from '../case.ts'

const BY_HOST = 'the path comes resolved and decoded: the host refuses this one'

/** What the behaviour `report` says of a request. */
export interface Report {
  method: string
  script: string
  path: string
  query: string
  protocol: string
  scheme: string
  type: string
  length: string
  name: string
  port: string
  /** Of ASGI: the raw path, null where the server has none. */
  target: string | null
  below: string
  headers: Record<string, string>
}

const PATHS = 'RFC 3875 4.1.5, 4.1.13; PEP 3333 "environ Variables"'

/** A target, what WSGI apps must see as PATH_INFO, and the path below the prefix that Node and Fetch handlers must see. */
function path(name: string, target: string, info: string, raw: string = target.replace(/\?.*$/, ''), query = ''): Case {
  return {
    name,
    spec: PATHS,
    app: 'report',
    request: { target: query ? `${target}?${query}` : target },
    check: (answer, run) => checkPath(answer, run, info, raw, query, target),
  }
}

function checkPath(answer: Answer, run: Run, info: string, raw: string, query: string, target: string): void {
  equal(answer.status, 200)
  const report = answer.json<Report>()
  const tail = query === '' ? '' : `?${query}`
  if (run.interface === 'app' || run.interface === 'python') {
    deepEqual([report.script, report.path, report.query], [run.prefix, info, query])
  } else if (run.interface === 'asgi') {
    checkScope(report, run, info, [raw, target])
    equal(report.query, query)
  } else {
    equal(report.target, run.prefix + raw + tail)
    if (run.interface === 'node') equal(report.below, (raw.startsWith('/') ? raw : `/${raw}`) + tail)
  }
}

/**
 * ASGI HTTP "Connection Scope": the path is that of the whole target, decoded and read as UTF-8, with the root path in front; the raw path as it
 * came, and dots in it may be resolved. What is not UTF-8 has no decoded form that is written down anywhere.
 */
function checkScope(report: Report, run: Run, info: string, raws: readonly string[]): void {
  equal(report.script, run.prefix)
  const decoded = Buffer.from(info, 'latin1').toString('utf8')
  if (!decoded.includes('\uFFFD')) equal(report.path, run.prefix + decoded)
  if (report.target !== null)
    ok(
      raws.some((raw) => report.target === run.prefix + raw),
      `the raw path is ${report.target}`,
    )
}

export const paths: readonly Case[] = [
  path('path-root', '/', '/'),
  { ...path('path-prefix-itself', '', '', ''), needsPrefix: true },
  { ...path('path-prefix-itself-query', '', '', '', 'a=b'), needsPrefix: true },
  {
    ...path('path-prefix-longer-word', 'x/y', ''),
    spec: 'a prefix means whole segments',
    needsPrefix: true,
    check: (answer) => equal(answer.status, 404),
  },
  path('path-plain', '/a/b', '/a/b'),
  path('path-trailing-slash', '/a/b/', '/a/b/'),
  path('path-slashes-kept', '/a//b///c', '/a//b///c'),
  path('path-slashes-leading', '//a', '//a'),
  path('path-encoded-slash', '/a%2Fb', '/a/b'),
  path('path-encoded-twice', '/a%252Fb', '/a%2Fb'),
  path('path-utf8', '/caf%C3%A9/%E2%82%AC', '/caf\u00c3\u00a9/\u00e2\u0082\u00ac'),
  path('path-latin1', '/caf%E9', '/caf\u00e9'),
  path('path-plus-semicolon', '/a+b;c=d,e', '/a+b;c=d,e'),
  path('path-space-percent', '/a%20b%25c', '/a b%c'),
  path('path-question-encoded', '/a%3Fb%23c', '/a?b#c'),
  path('path-unreserved', "/-._~!$&'()*+,;=:@", "/-._~!$&'()*+,;=:@"),
  path('path-dots-resolved', '/a/./b/../c', '/a/c', '/a/c'),
  path('path-dots-encoded', '/a/%2e%2e/b/%2E/c', '/b/c', '/b/c'),
  path('path-dot-files-kept', '/.a/..b/c.', '/.a/..b/c.'),
  path('query-plain', '/q', '/q', '/q', 'a=1&b=2'),
  path('query-undecoded', '/q', '/q', '/q', 'a=%2F%20+%zz&b[]=1&&=&c='),
  path('query-slashes-question', '/q', '/q', '/q', 'u=http://h/../a//b?c=d'),
  {
    name: 'path-above-root',
    spec: 'RFC 3986 5.2.4; a path may not lead out of what the host exposes',
    app: 'report',
    request: { target: '/../../../etc/passwd' },
    notOver: { uwsgi: BY_HOST, fastcgi: BY_HOST, scgi: BY_HOST },
    check: (answer) => equal(answer.status, 400),
  },
  {
    name: 'path-bad-escape',
    spec: 'RFC 3986 2.1: % is followed by two hexadecimal digits',
    app: 'report',
    request: { target: '/a%zz' },
    notOver: { uwsgi: BY_HOST, fastcgi: BY_HOST, scgi: BY_HOST },
    check: (answer) => equal(answer.status, 400),
  },
]
