// The repairs on what real servers sent (plugin/HOST/captures/), and on what a configuration can make of it. nginx has a file of its own.
import { describe, expect, test } from 'vitest'
import { apache } from '../../plugin/apache/host.ts'
import { caddy } from '../../plugin/caddy/host.ts'
import { haproxy } from '../../plugin/haproxy/host.ts'
import type { Host } from '../../plugin/host.ts'
import { lighttpd } from '../../plugin/lighttpd/host.ts'
import { emptyVariables, type Variables } from '../../sidecar/variables.ts'
import { captured, capturesOf } from './captured.ts'

type Expected = Readonly<Record<string, readonly [script: string, path: string, query?: string] | string>>

const tables: readonly [Host, Expected][] = [
  [
    apache,
    {
      '2.4.71-uwsgi-get-query.bin': ['', '/path/info'],
      '2.4.71-uwsgi-mount-app.bin': ['/app', '/sub/x'],
      '2.4.71-uwsgi-mount-app2.bin': ['/app2', '/sub/x'],
      '2.4.71-uwsgi-path-double-lead.bin': ['', '//double/lead'],
      '2.4.71-uwsgi-absolute-uri.bin': ['', '/abs/path'],
      '2.4.71-uwsgi-path-utf8-pct.bin': ['', '/caf\u00c3\u00a9/\u00e2\u0082\u00ac'],
      '2.4.71-uwsgi-raw-http09.bin': ['', '/h09'],
      '2.4.71-fastcgi-get-query.bin': ['', '/path/info'],
      '2.4.71-fastcgi-path-2f-slashes.bin': ['', '/a/b//c/e f;g;p=1'],
      '2.4.71-fastcgi-path-double-lead.bin': ['', '//double/lead'],
      '2.4.71-fastcgi-path-dotdot-plus.bin': ['', '/c/%2f'],
      '2.4.71-fastcgi-pathinfo-1.bin': ['', '/pathinfo/x.php/extra'],
      '2.4.71-fastcgi-pathinfo-firstdot.bin': ['/firstdot/x.php', '/extra'],
      '2.4.71-fastcgi-sethandler-php-pathinfo.bin': ['/script.php', '/path/info'],
      '2.4.71-scgi-get-query.bin': ['', '/path/info'],
      '2.4.71-scgi-mount-app.bin': ['', '/app/sub/x'],
      '2.4.71-scgi-path-2f-slashes.bin': ['', '/a/b//c/e f;g;p=1'],
      '2.4.71-scgi-path-double-lead.bin': ['', '//double/lead'],
      '2.4.71-scgi-pathinfo-1.bin': ['', '/pathinfo/x/y'],
    },
  ],
  [
    lighttpd,
    {
      '1.4.69-uwsgi-get-query.bin': ['', '/path/info'],
      '1.4.69-uwsgi-mount-app.bin': ['/app', '/sub/x'],
      '1.4.69-uwsgi-path-2f-slashes.bin': ['', '/a/b//c/e f;g;p=1'],
      '1.4.69-uwsgi-query-odd.bin': ['', '/qo', 'a=1;b=2&c[]=%zz&d="x"'],
      '1.4.69-uwsgi-x-raw-above-root.bin': 'PATH_ABOVE_ROOT',
      '1.4.69-uwsgi-x-raw-pct-bad.bin': 'PATH_ESCAPE',
      '1.4.69-fastcgi-get-query.bin': ['', '/path/info'],
      '1.4.69-fastcgi-mount-app.bin': ['/app', '/sub/x'],
      '1.4.69-fastcgi-path-double-lead.bin': ['', '//double/lead'],
      '1.4.69-fastcgi-strip-request-uri.bin': ['/strip', '/abc/d'],
      '1.4.69-scgi-get-query.bin': ['', '/path/info'],
      '1.4.69-scgi-path-dotdot-plus.bin': ['', '/c/%2f'],
      '1.4.69-scgi-raw-fragment.bin': ['', '/frag', 'x=1'],
      '1.4.69-scgi-x-raw-query-8bit.bin': ['', '/q', 'r=\u00e9\u00c3\u00a9'],
      '1.4.69-ajp-get-query.bin': ['', '/path/info', 'x=1&y=a%20b'],
      '1.4.69-ajp-path-2f-slashes.bin': ['', '/a/b/c/e f;g;p=1', 'q=%2F'],
      '1.4.69-ajp-path-percent.bin': ['', '/100%/a%2Fb?c#d', 'e=%25'],
      '1.4.69-ajp-path-utf8-pct.bin': ['', '/caf\u00c3\u00a9/\u00e2\u0082\u00ac'],
      '1.4.69-ajp-query-odd.bin': ['', '/qo', 'a=1;b=2&c[]=%zz&d="x"'],
      '1.4.69-ajp-x-raw-above-root.bin': ['', '/etc/passwd'],
      '1.4.69-ajp-x-raw-pct-bad.bin': ['', '/a%zz%4'],
    },
  ],
  [
    haproxy,
    {
      '2.6.12-fastcgi-get-query.bin': ['', '/path/info', 'x=1&y=a%20b'],
      '2.6.12-fastcgi-query-empty.bin': ['', '/qe', ''],
      '2.6.12-fastcgi-path-2f-slashes.bin': ['', '/a/b//c/e f;g;p=1'],
      '2.6.12-fastcgi-path-double-lead.bin': ['', '//double/lead'],
      '2.6.12-fastcgi-path-pct00.bin': 'VARIABLE_NUL',
      '2.6.12-fastcgi-script-pathinfo.bin': ['/script.php', '/path/info'],
      '2.6.12-fastcgi-hdr-auth.bin': ['', '/auth'],
      '2.6.12-fastcgi-https-get.bin': ['', '/tls'],
      '2.6.12-fastcgi-x-raw-encoded-dots.bin': ['', '/c'],
      '2.6.12-fastcgi-x-raw-above-root.bin': 'PATH_ABOVE_ROOT',
    },
  ],
  [
    caddy,
    {
      '2.6.2-fastcgi-get-query.bin': ['', '/path/info'],
      '2.6.2-fastcgi-path-2f-slashes.bin': ['', '/a/b//c/e f;g;p=1'],
      '2.6.2-fastcgi-path-double-lead.bin': ['', '//double/lead'],
      '2.6.2-fastcgi-script-pathinfo.bin': ['/script.php', '/path/info'],
      '2.6.2-fastcgi-post-chunked.bin': ['', '/chunked'],
      '2.6.2-fastcgi-raw-fragment.bin': ['', '/frag', 'x=1'],
      '2.6.2-fastcgi-x-raw-encoded-dots.bin': ['', '/c'],
      '2.6.2-fastcgi-x-raw-above-root.bin': 'PATH_ABOVE_ROOT',
    },
  ],
]

describe.each(tables)('$name', (host, expected) => {
  test('every capture is expected', () => {
    expect(capturesOf(host.name).toSorted()).toEqual(Object.keys(expected).toSorted())
  })

  const refused = Object.entries(expected).filter(([, wanted]) => typeof wanted === 'string')
  test.each(refused)('%s is %s', (file, code) => {
    expect(() => host.repair(captured(host.name, file))).toThrow(expect.objectContaining({ code, status: 400 }))
  })

  const repaired = Object.entries(expected).filter(([, wanted]) => typeof wanted !== 'string')
  test.each(repaired)('%s', (file, wanted) => {
    const before = captured(host.name, file)
    const copy = { ...before }
    const after = host.repair(before)
    const [script, path, query = after.QUERY_STRING] = wanted
    expect([after.SCRIPT_NAME, after.PATH_INFO, after.QUERY_STRING]).toEqual([script, path, query])
    expect(after.SERVER_NAME).toMatch(/^[^:]+$/)
    expect({ ...before }, 'the argument is untouched').toEqual(copy)
    expect({ ...host.repair(after) }, 'a second repair changes nothing').toEqual({ ...after })
  })
})

function variables(values: Record<string, string>): Variables {
  const base = { SERVER_NAME: 'example.com', SERVER_PROTOCOL: 'HTTP/1.1', QUERY_STRING: '' }
  return Object.assign(emptyVariables(), base, values)
}

function paths(host: Host, values: Record<string, string>): (string | undefined)[] {
  const { SCRIPT_NAME, PATH_INFO } = host.repair(variables(values))
  return [SCRIPT_NAME, PATH_INFO]
}

describe('apache', () => {
  const proxied = (
    script: string,
    path: string | undefined,
    target: string,
    scheme = 'uwsgi',
  ): (string | undefined)[] =>
    paths(apache, {
      SCRIPT_NAME: script,
      ...(path === undefined ? {} : { PATH_INFO: path }),
      REQUEST_URI: target,
      SCRIPT_FILENAME: `proxy:${scheme}://sidegate-0123456789ab${target}`,
    })

  test.each([
    ['mod_proxy_uwsgi, the prefix with a slash', '/app/', '/', '/app/', ['/app', '/']],
    ['mod_proxy_uwsgi, the root', '/', '/', '/', ['', '/']],
    ['the prefix alone', '/app', '', '/app', ['/app', '']],
    ['slashes before the prefix', '/app', '/x', '//app//x', ['', '//app//x']],
    ['a path that was rewritten', '', '/new/x', '/old//x', ['', '/new/x']],
    ['dots after slashes: the path that Apache guarded', '', '/x', '/admin//../x', ['', '/x']],
    ['%2F that stayed encoded', '', '/a%2Fb', '/a%2Fb', ['', '/a/b']],
    ['%2F that is meant', '', '/a%2Fb', '/a%252Fb', ['', '/a%2Fb']],
    ['no PATH_INFO', '/app/x', undefined, '/app/x', ['', '/app/x']],
  ] as const)('%s', (_, script, path, target, result) => {
    expect(proxied(script, path, target)).toEqual(result)
  })

  test('a CGI program that was asked for itself', () => {
    const values = { SCRIPT_NAME: '/cgi-bin/x', REQUEST_URI: '/cgi-bin/x', SCRIPT_FILENAME: '/srv/cgi-bin/x' }
    expect(paths(apache, values)).toEqual(['/cgi-bin/x', ''])
  })

  test('what is right comes back as it is, not as a copy', () => {
    const given = variables({ SCRIPT_NAME: '', PATH_INFO: '/a/b', REQUEST_URI: '/a/b?c' })
    expect(apache.repair(given)).toBe(given)
    expect(lighttpd.repair(Object.assign(given, { QUERY_STRING: 'c' }))).toBe(given)
  })
})

describe('lighttpd', () => {
  test('an entry "/" without fix-root-scriptname', () => {
    expect(paths(lighttpd, { SCRIPT_NAME: '/a/b', REQUEST_URI: '/a//b' })).toEqual(['', '/a//b'])
    expect(paths(lighttpd, { SCRIPT_NAME: '/a/b', PATH_INFO: '', REQUEST_URI: '/a/b' })).toEqual(['', '/a/b'])
  })

  test.each([
    ['get-query', '/path/info?x=1&y=a%20b'],
    ['path-2f-slashes', '/a/b/c/e%20f;g;p=1?q=%2F'],
    ['path-percent', '/100%25/a%252Fb%3Fc%23d?e=%25'],
    ['path-utf8-pct', '/caf%C3%A9/%E2%82%AC'],
    ['x-raw-pct-bad', '/a%25zz%254'],
  ])('mod_ajp13 sends the path decoded: the target of %s is made from it', (name, target) => {
    expect(lighttpd.repair(captured('lighttpd', `1.4.69-ajp-${name}.bin`)).REQUEST_URI).toBe(target)
  })

  test('a query that was rewritten counts', () => {
    const given = variables({ PATH_INFO: '/q', REQUEST_URI: '/q?a=1', QUERY_STRING: 'b=2' })
    expect(lighttpd.repair(given).QUERY_STRING).toBe('b=2')
  })
})

describe('haproxy', () => {
  test('a user whose password nobody checked is none', () => {
    const before = captured('haproxy', '2.6.12-fastcgi-hdr-auth.bin')
    expect(before.REMOTE_USER).toBeDefined()
    const after = haproxy.repair(before)
    expect('REMOTE_USER' in after || 'AUTH_TYPE' in after).toBe(false)
  })

  test('an IPv6 address keeps its brackets', () => {
    expect(haproxy.repair(variables({ SCRIPT_NAME: '/', SERVER_NAME: '[::1]:8080' })).SERVER_NAME).toBe('[::1]')
  })
})

describe('caddy', () => {
  test('variables that say nothing, and the length -1, are left out', () => {
    const after = caddy.repair(captured('caddy', '2.6.2-fastcgi-post-chunked.bin'))
    for (const name of ['REMOTE_USER', 'AUTH_TYPE', 'REMOTE_IDENT', 'CONTENT_LENGTH'])
      expect(after).not.toHaveProperty(name)
  })
})
