// Apps of PEP 444 in a Python mount.
import { expect, test } from 'vitest'
import { openMount } from './mount.ts'

const app = { python: 'web3_app', interface: 'web3' } as const

test('environ: names are texts, values are bytes, and paths are there as they came', async () => {
  const { ask } = await openMount({ ...app, wrap: ['web3_app:louder'] })
  const { headers, body } = await ask({
    path: '/sh%6Fp/caf%C3%A9%2Fa?b=%20',
    prefix: '/shop',
    headers: { 'X-Any': 'v\xe9' },
    variables: { HTTPS: 'on' },
  })
  const environ = JSON.parse(body.toString()) as Record<string, string>
  expect(environ).toMatchObject({
    REQUEST_METHOD: "b'GET'",
    PATH_INFO: "b'/caf\\xc3\\xa9/a'",
    QUERY_STRING: "b'b=%20'",
    HTTP_X_ANY: "b'v\\xe9'",
    'web3.version': '(1, 0)',
    'web3.url_scheme': "b'https'",
    'web3.async': 'False',
    'web3.multithread': 'False',
    'web3.run_once': 'False',
    'web3.script_name': "b'/sh%6Fp'",
    'web3.path_info': "b'/caf%C3%A9%2Fa'",
  })
  expect(Object.keys(environ).filter((name) => name.startsWith('wsgi.'))).toEqual([])
  expect(headers).toContainEqual(['X-Any', 'v\xe9'])
  expect(headers).toContainEqual(['X-Louder', 'yes'])
})

test('a path is parted where its prefix ends, however it is encoded and however long it is', async () => {
  const { ask } = await openMount(app)
  const slashes = '/'.repeat(60_000)
  const { body } = await ask({
    path: '/a',
    variables: { REQUEST_URI: `/a%2fb%2F${slashes}`, SCRIPT_NAME: '/a/b', PATH_INFO: `/${slashes}` },
  })
  const environ = JSON.parse(body.toString()) as Record<string, string>
  expect(environ['web3.script_name']).toBe("b'/a%2fb'")
  expect(environ['web3.path_info']).toBe(`b'%2F${slashes}'`)
})

test('a path that is another one by the way is not told as the one of the client', async () => {
  const { ask } = await openMount(app)
  const { body } = await ask({ path: '/a', variables: { REQUEST_URI: '/other' } })
  expect(JSON.parse(body.toString())).not.toHaveProperty('web3.path_info')
})

test('bodies both ways, and close', async () => {
  const { ask, logged } = await openMount(app)
  expect((await ask({ path: '/size', method: 'POST', body: 'x'.repeat(100_000) })).body.toString()).toBe('100000')
  const { status, reason, body } = await ask({ path: '/pieces' })
  expect([status, reason, body.toString()]).toEqual([200, 'Fine', 'one two'])
  expect(await logged(({ message }) => message === 'closed')).toMatchObject({ stream: 'errors' })
})

test.each([
  ['/order', 'WEB3_ANSWER', /a tuple of bytes, list and list: it has to be body, status/],
  ['/nothing', 'WEB3_ANSWER', /the app returned None: it has to be a tuple/],
  ['/text', 'HEADER_LIST', /a header is \('Content-Type', 'text\/plain'\): .* both of bytes/],
  ['/end', 'WEB3_ANSWER', /a tuple of Failing, str and list/],
  ['/raises', 'APP_RAISED', /ValueError: from web3/],
])('what is wrong is told: %s', async (path, code, message) => {
  const { start } = await openMount(app)
  const { response, errors } = start({ path })
  expect((await response).status).toBe(500)
  expect(errors).toMatchObject([{ code, blame: 'app', message: expect.stringMatching(message) }])
})
