// The layer `rewrite`.
import { expect, test } from 'vitest'
import { rewrite } from '../../sidecar/middleware/rewrite.ts'
import { requestTargets } from '../../sidecar/targets.ts'
import { emptyVariables } from '../../sidecar/variables.ts'
import type { TestRequest } from '../exchange.ts'
import { layered, type App } from './layer.ts'

/** Answers with the variables that it gets. */
const echo: App = (exchange) => {
  exchange.respond({ status: 200, reason: 'OK', headers: [] })
  exchange.end(JSON.stringify(exchange.variables))
}

async function rewritten(rules: unknown, request: TestRequest): Promise<Record<string, string>> {
  const { ask } = await layered(rewrite, { rules }, echo)
  const { status, body } = await ask(request).response
  return status === 200 ? JSON.parse(String(body)) : { status: String(status), page: String(body) }
}

/** The path and query that the app gets. */
async function target(rules: unknown, request: string | TestRequest): Promise<string> {
  const {
    PATH_INFO: path,
    QUERY_STRING: query,
    page,
  } = await rewritten(rules, typeof request === 'string' ? { path: request } : request)
  return page ?? `${path}${query === '' ? '' : `?${query}`}`
}

test.each([
  // A template.
  [{ from: '/old/:page', to: '/new/:page' }, '/old/a?q=1', '/new/a?q=1'],
  [{ from: '/old/:page', to: '/new/:page' }, '/old/a/b', '/old/a/b'],
  [{ from: '/old/:page', to: '/new/:page' }, '/old/', '/old/'],
  [{ from: '/old/:page', to: '/new/:page' }, '/old/a/', '/old/a/'],
  [{ from: '/files/*path', to: '/f/*path' }, '/files/a/b.txt', '/f/a/b.txt'],
  [{ from: '/a{/:b}', to: '/x/:b' }, '/a', '/x/'],
  [{ from: '/Admin', to: '/x' }, '/admin', '/admin'],
  [{ from: '/Admin', to: '/x', ignoreCase: true }, '/admin', '/x'],
  // A name of an encoded slash is one segment, and still the path that it means.
  [{ from: '/old/:page', to: '/new/:page' }, '/old/a%2Fb', '/new/a/b'],
  [{ from: '/old/:a/:b', to: '/new/:b/:a' }, '/old/a%2Fb', '/new/b/a'],
  [{ from: '/größe/:a', to: '/n/:a/ä' }, '/gr%C3%B6%C3%9Fe/%E2%82%AC', `/n/${bytes('€/ä')}`],
  [{ from: '/a b', to: '/c%20d' }, '/a%20b', '/c d'],
  // A regular expression.
  [{ match: '^/a', to: '/x' }, '/%61', '/x'],
  [{ match: '^/a', to: '/x' }, '/./a', '/x'],
  [{ match: '^/a', to: '/x' }, '/x/../a', '/x'],
  [{ match: '^/a', to: '/x' }, '//a', '/x'],
  [{ match: '^/secret/b', to: '/x' }, '/secret%2fb', '/x'],
  [{ match: '^/secret/.*$', to: '/x' }, '/secret/a%0Ab', '/x'],
  [{ match: '^/(\\d+)(?:-(?<word>\\w+))?$', to: '/$1/$<word>' }, '/12-ab', '/12/ab'],
  [{ match: '^/(\\d+)(?:-(?<word>\\w+))?$', to: '/$1/$<word>' }, '/12', '/12/'],
  [{ match: '^/(\\d+)$', to: '/:\\$' }, '/12', '/:$'],
  [{ match: '^/Ä', to: '/x', ignoreCase: true }, '/%C3%A4', '/x'],
  [{ match: '^/.$', to: '/x' }, '/%C3%A4', '/x'],
  // What is no UTF-8 is bytes.
  [{ match: '^/admin(.)$', to: '/x$1' }, '/admin%ff', '/x\xff'],
  // Every path.
  [{ to: '/index.php' }, '/a/b?c', '/index.php?c'],
  // The query.
  [{ from: '/:id', to: '/item?id=:id' }, '/a&b=c?d=1', '/item?id=a%26b%3Dc'],
  [{ from: '/:id', to: '/item?id=:id&${QUERY_STRING}' }, '/7?d=%201', '/item?id=7&d=%201'],
  [{ from: '/:id', to: '/item?id=:id&${QUERY_STRING}' }, '/7', '/item?id=7'],
  [{ from: '/:id', to: '/item?' }, '/7?d=1', '/item'],
  [{ from: '/:id', to: '/item?id=:id' }, '/%E2%82%AC', '/item?id=%E2%82%AC'],
  // Variables.
  [
    { from: '/me', to: '/users/${REMOTE_ADDR}?at=${SERVER_NAME}&none=${NONE}' },
    '/me',
    '/users/192.0.2.7?at=test.example&none=',
  ],
  // Literals.
  [{ from: '/a', to: '/b\\:c\\*\\$' }, '/a', '/b:c*$'],
])('%j has %s be %s', async (rule, path, expected) => {
  expect(await target([rule], path)).toBe(expected)
})

function bytes(text: string): string {
  return Buffer.from(text).toString('latin1')
}

test('the first rule that fits counts, or all, or all again', async () => {
  const rules = (after: string) => [
    { from: '/a', to: '/b', after },
    { from: '/b', to: '/c' },
    { from: '/c', to: '/d' },
  ]
  expect(await target(rules('stop'), '/a')).toBe('/b')
  expect(await target(rules('next'), '/a')).toBe('/c')
  const again = rules('again')
    .map((rule) => ({ ...rule, after: 'again' }))
    .toReversed()
  expect(await target(again, '/a')).toBe('/d')
})

test('rules that go round in circles are told of', async () => {
  const { ask } = await layered(
    rewrite,
    {
      rules: [
        { from: '/a', to: '/b', after: 'again' },
        { from: '/b', to: '/a', after: 'again' },
      ],
    },
    echo,
  )
  const { response, errors } = ask({ path: '/a' })
  expect((await response).status).toBe(500)
  expect(errors).toMatchObject([{ code: 'REWRITE_LOOP', path: 'use.0.rewrite.rules.0' }])
})

test('it stands below its mount, and leaves the rest of the request as it is', async () => {
  const rules = [{ from: '/a', to: '/b' }]
  const seen = await rewritten(rules, { path: '/shop/a', prefix: '/shop', headers: { 'X-A': '1' } })
  expect(seen).toMatchObject({ SCRIPT_NAME: '/shop', PATH_INFO: '/b', REQUEST_URI: '/shop/a', HTTP_X_A: '1' })
})

test('the mount without a slash is an empty path', async () => {
  expect(await target([{ from: '{/}', to: '/b' }], { path: '/shop', prefix: '/shop' })).toBe('/b')
  expect(await target([{ from: '/', to: '/b' }], { path: '/shop', prefix: '/shop' })).toBe('')
})

test('OPTIONS * asks for no path', async () => {
  expect(await target([{ to: '/b' }], { method: 'OPTIONS', path: '*' })).toBe('')
})

test.each([
  [{ when: { REQUEST_METHOD: 'GET' } }, true],
  [{ when: { REQUEST_METHOD: ['PUT', 'GET'] } }, true],
  [{ when: { REQUEST_METHOD: 'POST' } }, false],
  [{ when: { SERVER_PORT: '80' } }, true],
  [{ when: { HTTP_HOST: '/^TEST\\./i', QUERY_STRING: '/(^|&)id=/' } }, true],
  [{ when: { HTTP_HOST: '/^TEST\\./' } }, false],
  [{ when: { HTTP_HOST: '/^test/', HTTP_X_NONE: '/./' } }, false],
  [{ when: { HTTPS: '' } }, true],
  [{ unless: { HTTPS: 'on' } }, true],
  [{ unless: { HTTPS: 'on', REQUEST_METHOD: 'GET' } }, false],
])('%j: %j', async (conditions, counts) => {
  expect(await target([{ from: '/a', to: '/b', ...conditions }], '/a?id=1')).toBe(counts ? '/b?id=1' : '/a?id=1')
})

test('no rule leads above the root', async () => {
  const page = await target([{ match: '^/a(.*)', to: '/$1./b' }], '/a.')
  expect(page).toContain('PATH_ABOVE_ROOT')
})

test('what was taken out of the path cannot lead out of the path where it stands', async () => {
  const rules = [{ match: '^/static(.*)$', to: '/files/$1' }]
  expect(await target(rules, '/static../secret')).toContain('RULE_VALUE')
  expect(await target(rules, '/static./x')).toContain('RULE_VALUE')
  expect(await target(rules, '/static..x/y')).toBe('/files/..x/y')
})

test('a variable cannot lead out of the path where it stands', async () => {
  const { ask } = await layered(rewrite, { rules: [{ to: '/users/${HTTP_X_USER}/home' }] }, echo)
  const { response, errors } = ask({ headers: { 'X-User': 'a/../../etc' } })
  expect((await response).status).toBe(400)
  expect(errors).toMatchObject([{ code: 'RULE_VALUE' }])
})

test.each([
  [{ from: '/a', match: '^/a', to: '/b' }, 'RULE_PATTERN', '', 'has both from and match'],
  [{ from: '/a(\\d+)', to: '/b' }, 'RULE_PATTERN', '.from', 'a regular expression goes into match'],
  [{ from: '/*', to: '/b' }, 'RULE_PATTERN', '.from', 'Missing parameter name at index 2'],
  [{ from: '/a%20b', to: '/b' }, 'RULE_PATTERN', '.from', 'has %20, and is held against the path as it is decoded'],
  [{ match: '(', to: '/b' }, 'RULE_PATTERN', '.match', 'is no regular expression: '],
  [{ when: { HTTP_HOST: '/(/' }, to: '/b' }, 'RULE_PATTERN', '.when.HTTP_HOST', 'is no regular expression: '],
  [
    { from: '/:a', to: '/:b' },
    'RULE_TARGET',
    '.to',
    'has :b, which the pattern of the rule does not have: known are a. A plain one is \\:b',
  ],
  [
    { from: '/a', to: '/$1' },
    'RULE_TARGET',
    '.to',
    'has $1, which the pattern of the rule does not have: there are none',
  ],
  [{ from: '/a', to: 'b' }, 'RULE_TARGET', '.to', 'has to begin with one slash'],
  [{ from: '/a', to: '//b' }, 'RULE_TARGET', '.to', 'has to begin with one slash'],
  [{ from: '/a', to: 'https://b/' }, 'RULE_TARGET', '.to', 'the layer redirect leads clients elsewhere'],
  [{ from: '/a', to: '/b#c' }, 'RULE_TARGET', '.to', 'is no path of this gateway'],
])('%j is refused: %s', async (rule, code, place, message) => {
  await expect(layered(rewrite, { rules: [rule] }, echo)).rejects.toMatchObject({
    code,
    path: `use.0.rewrite.rules.0${place}`,
    message: expect.stringContaining(message),
  })
})

test.each([
  ['^/((?:a+)+)$', '(?:a+)+'],
  ['(x+x+)+y', '(x+x+)+'],
  ['^/(\\w+\\s?)*$', '(\\w+\\s?)*'],
  ['^/(([a-z])+.)+[A-Z]$', '(([a-z])+.)+'],
  ['(\\.*a)*', '(\\.*a)*'],
  ['(?:/.*)*', '(?:/.*)*'],
  ['(?:-[^/]+)*', '(?:-[^/]+)*'],
])('%s may take for ever, and that is said', async (match, part) => {
  const { log } = await layered(rewrite, { rules: [{ match, to: '/b' }] }, echo)
  expect(log.text).toContain(`use.0.rewrite.rules.0.match: ${part} repeats what repeats itself`)
  expect(log.text).toContain('RULE_SLOW')
})

test('of a condition too', async () => {
  const { log } = await layered(rewrite, { rules: [{ to: '/b', unless: { HTTP_USER_AGENT: '/^(a+)+$/i' } }] }, echo)
  expect(log.text).toContain('use.0.rewrite.rules.0.unless.HTTP_USER_AGENT: (a+)+ repeats what repeats itself')
})

test.each([
  '^/(\\d+)(?:-(\\w+))?$',
  '^(/\\w+)*$',
  '^((?:/[^/]+)*)/feed$',
  '^/[(a+]+(b+)c+$',
  '^(?:\\.[a-z]+)+$',
  '^/(?<year>\\d{4})/(.*)$',
  '^(?:a{2}b)+$',
])('%s is nothing to speak of', async (match) => {
  const { log } = await layered(rewrite, { rules: [{ match, to: '/b' }] }, echo)
  expect(log.text).toBe('')
})

test('a query that was rewritten is what handlers see, whatever the client asked for', () => {
  const shown = (path: string, query: string, uri: string): string => {
    const variables = Object.assign(emptyVariables(), { PATH_INFO: path, QUERY_STRING: query, REQUEST_URI: uri })
    return requestTargets(variables).full
  }
  expect(shown('/a', 'x=1', '/a?x=1')).toBe('/a?x=1')
  expect(shown('/a', 'y=2', '/a?x=1')).toBe('/a?y=2')
  expect(shown('/a', '', '/a?x=1')).toBe('/a')
  expect(shown('/a', '', '/a?')).toBe('/a?')
  expect(shown('/a', 'x=1', '/a')).toBe('/a?x=1')
  expect(shown('/a b', 'y=2', '/a%20b?x=1')).toBe('/a%20b?y=2')
})
