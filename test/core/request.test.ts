// What every mount may rely on in the variables of a request.
import { describe, expect, test } from 'vitest'
import { completeRequest, variablesOfEnviron } from '../../sidecar/request.ts'

const GET = { REQUEST_METHOD: 'GET', PATH_INFO: '/', SERVER_PROTOCOL: 'HTTP/1.1', SERVER_NAME: 'a', SERVER_PORT: '80' }

function completed(given: Record<string, string>): Record<string, string> {
  const variables = { ...given }
  completeRequest(variables)
  return variables
}

test('fills in what a host left out', () => {
  expect(completed({ REQUEST_METHOD: 'GET' })).toEqual({
    REQUEST_METHOD: 'GET',
    SCRIPT_NAME: '',
    PATH_INFO: '/',
    QUERY_STRING: '',
    SERVER_NAME: 'localhost',
    SERVER_PORT: '80',
    SERVER_PROTOCOL: 'HTTP/1.0',
    SERVER_SOFTWARE: 'sidegate',
  })
})

test.each([
  [
    { HTTP_HOST: 'example.com:8080', HTTPS: 'on' },
    { SERVER_NAME: 'example.com', SERVER_PORT: '8080' },
  ],
  [
    { HTTP_HOST: 'example.com', HTTPS: 'on' },
    { SERVER_NAME: 'example.com', SERVER_PORT: '443' },
  ],
  [{ HTTP_HOST: '[::1]:81' }, { SERVER_NAME: '[::1]', SERVER_PORT: '81' }],
  [{ HTTP_HOST: '[::1]' }, { SERVER_NAME: '[::1]', SERVER_PORT: '80' }],
  // nginx that listens on a Unix socket.
  [
    { SERVER_NAME: 'a', SERVER_PORT: '' },
    { SERVER_NAME: 'a', SERVER_PORT: '80' },
  ],
  [
    { SERVER_NAME: '', SERVER_PROTOCOL: '' },
    { SERVER_NAME: 'localhost', SERVER_PROTOCOL: 'HTTP/1.0' },
  ],
  [{ SERVER_SOFTWARE: 'nginx/1.22.1' }, { SERVER_SOFTWARE: 'nginx/1.22.1' }],
  [{ SERVER_PROTOCOL: 'HTTP/2.0' }, { SERVER_PROTOCOL: 'HTTP/2.0' }],
])('the server: %j', (given, expected) => {
  expect(completed({ REQUEST_METHOD: 'GET', ...given })).toMatchObject(expected)
})

test.each([
  ['/', '', '', '/'],
  ['/', 'a', '', '/a'],
  ['/', '/a', '', '/a'],
  ['/app/', 'x', '/app', '/x'],
  ['/app//', '/x', '/app', '/x'],
  ['/app', '', '/app', ''],
  ['/app/', '', '/app', '/'],
  ['', '', '', '/'],
])('SCRIPT_NAME %j and PATH_INFO %j', (script, path, rightScript, rightPath) => {
  expect(completed({ ...GET, SCRIPT_NAME: script, PATH_INFO: path })).toMatchObject({
    SCRIPT_NAME: rightScript,
    PATH_INFO: rightPath,
  })
})

test.each(['', '*'])('OPTIONS * has no path: %j', (path) => {
  expect(completed({ ...GET, REQUEST_METHOD: 'OPTIONS', PATH_INFO: path })).toMatchObject({ PATH_INFO: '' })
})

test.each([
  [{ CONTENT_LENGTH: '', CONTENT_TYPE: '' }, {}],
  [{ CONTENT_LENGTH: '-1' }, {}],
  [
    { CONTENT_LENGTH: '0', CONTENT_TYPE: 'a/b' },
    { CONTENT_LENGTH: '0', CONTENT_TYPE: 'a/b' },
  ],
])('what is empty is gone: %j', (given, left) => {
  const all = completed({ ...GET, ...given })
  for (const name of ['CONTENT_LENGTH', 'CONTENT_TYPE']) expect(all[name]).toBe((left as Record<string, string>)[name])
})

describe('refuses', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ['REQUEST_METHOD_MISSING', { REQUEST_METHOD: '' }, /in a location drops all .* repeat the include there/],
    ['REQUEST_METHOD_BAD', { REQUEST_METHOD: 'G T' }, /is "G T", which is no method/],
    ['REQUEST_METHOD_BAD', { REQUEST_METHOD: 'GET\n' }, /"GET\\n"/],
    ['SCRIPT_NAME_BAD', { SCRIPT_NAME: 'shop' }, /is "shop": it has to be empty or to begin with a slash/],
    ['PATH_INFO_BAD', { PATH_INFO: 'a' }, /is "a": it has to be empty or to begin with a slash/],
    ['SERVER_PORT_BAD', { SERVER_PORT: 'http' }, /is "http", which is no port/],
    ['SERVER_PROTOCOL_BAD', { SERVER_PROTOCOL: 'https' }, /is "https", not like HTTP\/1\.1: .*\$server_protocol/],
    ['SERVER_PROTOCOL_BAD', { SERVER_PROTOCOL: 'FOO/9' }, /"FOO\/9"/],
  ])('%s: %j', (code, given, message) => {
    expect(() => completed({ ...GET, ...given })).toThrow(
      expect.objectContaining({ code, blame: 'peer', status: 400, message: expect.stringMatching(message) }),
    )
  })
})

test('of an environ its variables, without what no app may see', () => {
  const environ = {
    ...GET,
    HTTP_PROXY: 'evil',
    HTTP_CONTENT_LENGTH: '1',
    HTTP_X: 'x',
    'wsgi.url_scheme': 'http',
    other: 1,
  }
  expect(Object.keys(variablesOfEnviron(environ)).toSorted()).toEqual(
    [...Object.keys(GET), 'HTTP_X', 'SCRIPT_NAME', 'QUERY_STRING', 'SERVER_SOFTWARE'].toSorted(),
  )
})
