// The repair on what real nginx servers sent (plugin/nginx/captures/), and on what a configuration can make of it.
import { describe, expect, test } from 'vitest'
import { repair } from '../../plugin/nginx/repair.ts'
import { emptyVariables, type Variables } from '../../sidecar/variables.ts'
import { captured, capturesOf } from './captured.ts'

function variables(values: Record<string, string>): Variables {
  const base = { SCRIPT_NAME: '', SERVER_NAME: 'example.com', SERVER_PROTOCOL: 'HTTP/1.1' }
  return Object.assign(emptyVariables(), base, values)
}

function paths({ SCRIPT_NAME, PATH_INFO }: Variables): (string | undefined)[] {
  return [SCRIPT_NAME, PATH_INFO]
}

const expected: Record<string, [script: string, path: string]> = {
  '1.22.1-uwsgi-get-query.bin': ['', '/path/info'],
  '1.22.1-uwsgi-mount-app.bin': ['/app', '/sub/x'],
  '1.22.1-uwsgi-path-2f-slashes.bin': ['', '/a/b//c/e f;g;p=1'],
  '1.22.1-uwsgi-path-dotdot-plus.bin': ['', '/c/%2f'],
  '1.22.1-uwsgi-path-double-lead.bin': ['', '//double/lead'],
  '1.22.1-uwsgi-path-latin1-pct.bin': ['', '/caf\u00e9'],
  '1.22.1-uwsgi-path-utf8-pct.bin': ['', '/caf\u00c3\u00a9/\u00e2\u0082\u00ac'],
  '1.22.1-uwsgi-raw-fragment.bin': ['', '/frag'],
  '1.22.1-uwsgi-raw-http09.bin': ['', '/h09'],
  '1.22.1-uwsgi-raw-no-host.bin': ['', '/nohost'],
  '1.22.1-uwsgi-x-raw-encoded-dots.bin': ['', '/c'],
  '1.31.5-fastcgi-get-query.bin': ['', '/path/info'],
  '1.31.5-fastcgi-path-2f-slashes.bin': ['', '/a/b//c/e f;g;p=1'],
  '1.31.5-fastcgi-path-double-lead.bin': ['', '//double/lead'],
  '1.31.5-fastcgi-script-pathinfo.bin': ['/script.php', '/path/info'],
  '1.31.5-uwsgi-get-query.bin': ['', '/path/info'],
  '1.31.5-uwsgi-mount-app.bin': ['/app', '/sub/x'],
  '1.31.5-uwsgi-path-2f-slashes.bin': ['', '/a/b//c/e f;g;p=1'],
  '1.31.5-uwsgi-path-double-lead.bin': ['', '//double/lead'],
}

describe('captured requests', () => {
  test('every capture is expected', () => {
    expect(capturesOf('nginx').toSorted()).toEqual(Object.keys(expected).toSorted())
  })

  test.each(capturesOf('nginx'))('%s', (file) => {
    const before = captured('nginx', file)
    const copy = { ...before }
    const after = repair(before)
    expect(paths(after)).toEqual(expected[file])
    expect(after.SERVER_NAME).not.toMatch(/^_?$/)
    expect(after.SERVER_PROTOCOL).toMatch(/^HTTP\/[0-9.]+$/)
    expect({ ...before }, 'the argument is untouched').toEqual(copy)
    expect({ ...repair(after) }, 'a second repair changes nothing').toEqual({ ...after })
  })

  test('HTTP/0.9 is named', () => {
    expect(repair(captured('nginx', '1.22.1-uwsgi-raw-http09.bin')).SERVER_PROTOCOL).toBe('HTTP/0.9')
  })
})

describe('paths', () => {
  test('what is right comes back as it is, not as a copy', () => {
    for (const given of [
      variables({ REQUEST_URI: '/a/b', PATH_INFO: '/a/b' }),
      variables({ REQUEST_URI: '/a/b?c=%2F//', PATH_INFO: '/a/b' }),
    ]) {
      expect(repair(given)).toBe(given)
    }
  })

  test.each([
    ['a path that nginx rewrote stays', '/old//x', '', '/new/x', ['', '/new/x']],
    ['a prefix that nginx took off already', '/app/sub//x', '/app', '/sub/x', ['/app', '/sub//x']],
    ['a prefix that comes twice in the path', '/app/app/x', '/app', '/app/app/x', ['/app', '/app/x']],
    ['the same, taken off by nginx', '/app/app/x', '/app', '/app/x', ['/app', '/app/x']],
    ['a prefix is whole segments', '/apple/x', '/app', '/apple/x', ['/app', '/apple/x']],
    ['the prefix alone', '/app', '/app', '/app', ['/app', '']],
    ['a prefix that a proxy in front took off', '/x', '/outside', '/x', ['/outside', '/x']],
    ['slashes before the prefix', '//app//x', '/app', '/app/x', ['/app', '/x']],
    ['dots after merged slashes: the path that nginx guarded', '/admin//../x', '', '/x', ['', '/x']],
    ['dots and slashes apart', '/a/../b//c', '', '/b/c', ['', '/b//c']],
    ['merge_slashes off', '//a', '', '//a', ['', '//a']],
    ['OPTIONS *', '*', '', '/', ['', '/']],
    ['an absolute target', 'http://h/a%20b', '', '/a b', ['', '/a b']],
  ])('%s', (_, target, script, path, result) => {
    expect(paths(repair(variables({ REQUEST_URI: target, SCRIPT_NAME: script, PATH_INFO: path })))).toEqual(result)
  })

  test('no REQUEST_URI at all', () => {
    expect(paths(repair(variables({ PATH_INFO: '/a' })))).toEqual(['', '/a'])
  })
})

describe('SERVER_NAME', () => {
  test.each([
    ['', 'www.example.com:8080', 'www.example.com'],
    ['_', 'www.example.com', 'www.example.com'],
    ['~^(?<name>.+)\\.test$', 'a.test', 'a.test'],
    ['*.example.com', 'b.example.com', 'b.example.com'],
    ['.example.com', '[::1]:80', '[::1]'],
    ['good.example.com', 'other', 'good.example.com'],
    ['', '', '10.0.0.1'],
  ])('%j asked for as %j is %j', (name, host, result) => {
    const given = variables({
      REQUEST_URI: '/',
      PATH_INFO: '/',
      SERVER_NAME: name,
      HTTP_HOST: host,
      SERVER_ADDR: '10.0.0.1',
    })
    expect(repair(given).SERVER_NAME).toBe(result)
  })
})
