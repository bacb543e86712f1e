// The layer `headers`.
import { expect, test } from 'vitest'
import { headers } from '../../sidecar/middleware/headers.ts'
import { answering, pass, refusal } from './layer.ts'

const json: readonly (readonly [string, string])[] = [
  ['Content-Type', 'application/json'],
  ['X-Powered-By', 'an app'],
  ['X-Debug-Time', '3'],
  ['X-Debug-Queries', '4'],
  ['Location', 'http://inside.test/a'],
  ['Set-Cookie', 'a=1'],
]

test.each<[string, object, readonly string[]]>([
  ['remove', { remove: ['x-powered-by', 'X-Debug-*'] }, ['Content-Type', 'Location', 'Set-Cookie']],
  [
    'set',
    { set: { location: '/b' } },
    ['Content-Type', 'X-Powered-By', 'X-Debug-Time', 'X-Debug-Queries', 'Set-Cookie', 'location'],
  ],
  ['default', { default: { 'X-Powered-By': 'no', 'X-New': 'yes' } }, [...json.map(([name]) => name), 'X-New']],
  ['add', { add: { 'Set-Cookie': ['b=2', 'c=3'] } }, [...json.map(([name]) => name), 'Set-Cookie', 'Set-Cookie']],
])('response: %s', async (_, response, names) => {
  const { response: came } = await pass(headers, { response }, {}, answering(200, json, '{}'))
  expect(came.headers.map(([name]) => name).filter((name) => name !== 'Content-Length')).toEqual(names)
})

test('response: values', async () => {
  const response = {
    replace: { Location: ['^http://inside\\.test', 'https://outside.test'] },
    set: { 'X-For': '${REQUEST_METHOD} ${HTTP_X_NAME:-nobody} of ${REQUEST_SCHEME}', 'X-Empty': '${HTTP_NONE}' },
    default: { 'Content-Type': 'text/html' },
  }
  const { response: came } = await pass(headers, { response }, {}, answering(200, json, '{}'))
  expect(came.header('location')).toBe('https://outside.test/a')
  expect(came.header('x-for')).toBe('GET nobody of http')
  expect(came.header('x-empty')).toBeUndefined()
  expect(came.header('content-type')).toBe('application/json')
})

test('response: only with some statuses, error pages too', async () => {
  const settings = { response: { set: { 'X-Page': 'yes' }, statuses: [404, '5xx'] } }
  const page = async (status: number): Promise<string | undefined> =>
    (await pass(headers, settings, {}, answering(status))).response.header('x-page')
  expect([await page(200), await page(404), await page(403), await page(503)]).toEqual([
    undefined,
    'yes',
    undefined,
    'yes',
  ])
  const failed = await pass(headers, settings, {}, () => {
    throw new Error('no')
  })
  expect([failed.response.status, failed.response.header('x-page')]).toEqual([500, 'yes'])
})

test.each<[string, object, Record<string, string | undefined>]>([
  ['set', { set: { 'X-Outside-Url': 'https://${HTTP_HOST}' } }, { HTTP_X_OUTSIDE_URL: 'https://test.example' }],
  ['set to nothing', { set: { 'X-User': '${REMOTE_USER}' } }, { HTTP_X_USER: undefined }],
  ['default', { default: { 'X-User': 'nobody', Accept: '*/*' } }, { HTTP_X_USER: 'forged', HTTP_ACCEPT: '*/*' }],
  ['add', { add: { 'X-List': '3', Cookie: 'b=2' } }, { HTTP_X_LIST: '1, 2, 3', HTTP_COOKIE: 'a=1; b=2' }],
  [
    'remove',
    { remove: ['X-*'] },
    { HTTP_X_USER: undefined, HTTP_X_LIST: undefined, HTTP_COOKIE: 'a=1', CONTENT_LENGTH: '4' },
  ],
  ['remove all', { remove: ['*'] }, { HTTP_COOKIE: undefined, CONTENT_TYPE: undefined, CONTENT_LENGTH: '4' }],
  ['replace', { replace: { Cookie: ['a=(\\d)', 'b=$1'] } }, { HTTP_COOKIE: 'b=1' }],
  ['content type', { set: { 'Content-Type': 'text/plain' } }, { CONTENT_TYPE: 'text/plain' }],
  ['host', { set: { Host: 'inside.test' } }, { HTTP_HOST: 'inside.test' }],
])('request: %s', async (_, request, expected) => {
  const { variables } = await pass(
    headers,
    { request },
    {
      method: 'POST',
      body: 'body',
      headers: { 'X-User': 'forged', 'X-List': '1, 2', Cookie: 'a=1', 'Content-Type': 'x/y' },
    },
  )
  expect({ ...variables }).toMatchObject(
    Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined)),
  )
  for (const name in expected) expect(variables![name]).toBe(expected[name])
})

test('what a client writes splits no field', async () => {
  const settings = { request: { set: { 'X-Path': '${PATH_INFO}' } }, response: { set: { 'X-Path': '${PATH_INFO}' } } }
  const { response, variables } = await pass(headers, settings, { path: '/a%0d%0aX: y' })
  expect([response.header('x-path'), variables!.HTTP_X_PATH]).toEqual(['/a%0D%0AX: y', '/a%0D%0AX: y'])
})

test('a host that a client writes is no other', async () => {
  const settings = { request: { set: { Host: '${HTTP_X_WANTED}' } } }
  const { response, codes } = await pass(headers, settings, { headers: { 'X-Wanted': 'a/b' } })
  expect([response.status, codes]).toEqual([400, ['HOST_BAD']])
})

test('secure', async () => {
  const names = async (request: object): Promise<string[]> =>
    (
      await pass(headers, { secure: true }, request, answering(200, [['X-Frame-Options', 'DENY']]))
    ).response.headers.map(([name, value]) => `${name}: ${value}`)
  const plain = [
    'X-Frame-Options: DENY',
    'Content-Length: 0',
    'X-Content-Type-Options: nosniff',
    'Referrer-Policy: strict-origin-when-cross-origin',
  ]
  expect(await names({})).toEqual(plain)
  expect(await names({ variables: { HTTPS: 'on' } })).toEqual([...plain, 'Strict-Transport-Security: max-age=31536000'])
})

test('text is sent as UTF-8', async () => {
  const { response } = await pass(headers, { response: { set: { 'X-Name': 'Zoë €' } } })
  expect(Buffer.from(response.header('x-name')!, 'latin1').toString()).toBe('Zoë €')
})

test.each([
  [{ response: { set: { 'Content-Length': '3' } } }, 'FIELD_FIXED', 'response.set.Content-Length'],
  [{ request: { remove: ['transfer-encoding'] } }, 'FIELD_FIXED', 'request.remove.0'],
  [{ request: { set: { Proxy: 'x' } } }, 'FIELD_FIXED', 'request.set.Proxy'],
  [{ response: { replace: { A: ['(', ''] } } }, 'REGEXP_BAD', 'response.replace.A'],
  [{ response: { set: { A: '${A B}' } } }, 'TEMPLATE_BAD', 'response.set.A'],
  [{ response: { set: { A: '${A' } } }, 'TEMPLATE_BAD', 'response.set.A'],
  [{ response: { add: { A: ['b', 'c\nd'] } } }, 'TEMPLATE_BAD', 'response.add.A'],
])('%j is refused', (settings, code, place) => {
  expect(refusal(headers, settings)).toMatchObject({ code, path: `use.0.headers.${place}` })
})

test('a ${ that stays', async () => {
  const { response } = await pass(headers, { response: { set: { A: '$${A} ${REQUEST_METHOD}' } } })
  expect(response.header('a')).toBe('${A} GET')
})

test('a regular expression that may take for ever is told of', async () => {
  const { log } = await pass(headers, { request: { replace: { Cookie: ['^(a+)+$', ''] } } })
  expect(log).toContain('use.0.headers.request.replace.Cookie: (a+)+ repeats what repeats itself')
})
