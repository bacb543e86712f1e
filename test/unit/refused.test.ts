// sidegate plug unit where it cannot be done: what is taken, refused, changed by others, not there. Unit is then as it was before.
import { once } from 'node:events'
import { createServer as createTcp } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Json, JsonObject } from '../../plugin/unit/json.ts'
import { freeListener, newSite } from './site.ts'

const site = newSite()
const open: Json = { action: { return: 403 } }

test.each<[string, JsonObject, string[], string[], RegExp]>([
  [
    'a listener of others',
    { listeners: { '127.0.0.1:1': { pass: 'routes/main' } }, routes: { main: [open] } },
    ['/'],
    ['--on', '127.0.0.1:1'],
    /\/config\/listeners\/127\.0\.0\.1:1: .* passes to "routes\/main": choose another with --on, or .*--into routes\/main \[UNIT_TAKEN\]/,
  ],
  [
    'a route of others with our name',
    { routes: { sidegate: [open] } },
    ['/'],
    [],
    /\/config\/routes\/sidegate: .*choose another with --name \[UNIT_TAKEN\]/,
  ],
  ['routes without names', { routes: [open] }, ['/'], [], /\/config\/routes: .*--into routes, or .* \[UNIT_TAKEN\]/],
  [
    'a step in front that takes everything',
    { routes: { main: [{ match: { uri: '/a' }, action: { return: 410 } }, open] } },
    ['/'],
    ['--into', 'routes/main'],
    /\/config\/routes\/main\/1: this step takes every request.* \[UNIT_TAKEN\]/,
  ],
  [
    'a route that is not there',
    { routes: { main: [open], more: [] } },
    ['/shop'],
    ['--into', 'routes/mian'],
    /--into: there is no route routes\/mian in this Unit; there is routes\/main, routes\/more \[UNIT_ROUTE\]/,
  ],
  ['a name that is none', {}, ['/'], ['--name', 'a/b'], /--name: "a\/b" is no name .* \[UNIT_NAME\]/],
  [
    'a listener that Unit does not take',
    {},
    ['/'],
    ['--on', '127.0.0.1:99999'],
    /\/config\/listeners\/127\.0\.0\.1:99999: Unit answered 400: The listener address "127\.0\.0\.1:99999" is invalid\. \(Invalid configuration\); Unit is as it was before \[UNIT_REFUSED\]/,
  ],
  [
    'an address of Sidegate that nobody can connect to by number',
    {},
    ['/'],
    ['--listen', 'localhost:3031'],
    /plug: Unit looks up no names: .*127\.0\.0\.1:3031.* \[PLUG_NAME\]/,
  ],
])('%s', async (_, config, keys, words, message) => {
  site.mount(keys)
  const unit = await site.unit({ config: { listeners: {}, routes: {}, ...config }, idle: true })
  const before = unit.config
  const ended = await site.plug(unit, ...words)
  expect(ended).toMatchObject({ code: 1, err: expect.stringMatching(message) })
  expect(unit.config).toEqual(before)
})

test('a refusal names the place inside what was sent', async () => {
  site.mount(['/'])
  const unit = await site.unit({ config: { listeners: {}, routes: {} }, idle: true })
  unit.instead = ({ method, url }, response) => {
    if (method !== 'PUT' || url !== '/config/routes/sidegate') return false
    response.writeHead(400, { 'Content-Type': 'application/json' })
    const detail = `The "proxy" address is invalid "${site.proxy}"`
    response.end(JSON.stringify({ error: 'Invalid configuration.', detail }))
    return true
  }
  const { code, err } = await site.plug(unit)
  expect([code, err]).toEqual([
    1,
    expect.stringMatching(/^sidegate: \/config\/routes\/sidegate\/0\/action\/proxy: Unit answered 400: The "proxy" /),
  ])
})

test('nobody answers for Sidegate: what was put in is taken back, unless that was asked for', async () => {
  site.mount(['/shop'])
  const config = { listeners: {}, routes: {} }
  const unit = await site.unit({ config })
  const listener = await freeListener()
  const ended = await site.plug(unit, '--on', listener)
  expect(ended).toMatchObject({
    code: 1,
    err: expect.stringMatching(/http:\/\/\S+\/shop\/: Unit says 502: .* Unit is as it was before \[UNIT_VERIFY\]/),
  })
  expect(unit.config).toEqual(config)
  const kept = await site.plug(unit, '--on', listener, '--no-verify')
  expect(kept).toMatchObject({ code: 0, out: expect.stringContaining('changed; nothing was asked for: --no-verify') })
  expect(Object.keys(unit.config.listeners as object)).toEqual([listener])
})

test('what others have changed since is not taken back', async () => {
  site.mount(['/shop'])
  const unit = await site.unit({ config: { routes: { main: [open] } }, idle: true })
  let puts = 0
  unit.instead = async ({ method }) => {
    if (method === 'PUT' && ++puts === 2) await unit.change('routes/sidegate', () => [open])
    return false
  }
  const { code, err } = await site.plug(unit, '--on', '127.0.0.1:99999')
  expect(code).toBe(1)
  expect(err).toMatch(/could not be taken back: \/config\/routes\/sidegate \[UNIT_REFUSED\]/)
  expect(unit.config.routes).toEqual({ main: [open], sidegate: [open] })
})

test('someone comes between: both are there at the end', async () => {
  site.mount(['/shop'])
  await site.serve()
  const listener = await freeListener()
  const theirs: Json = { match: { uri: '/theirs' }, action: { return: 410 } }
  const unit = await site.unit({
    config: { listeners: { [listener]: { pass: 'routes/main' } }, routes: { main: [open] } },
  })
  let gets = 0
  // Between the look at everything and the look right before the write.
  unit.instead = async ({ url }) => {
    if (url === '/config/routes/main' && ++gets === 1)
      await unit.change('routes/main', (there) => [theirs, ...(there as Json[])])
    return false
  }
  expect(await site.plug(unit, '--into', 'routes/main')).toMatchObject({ code: 0 })
  expect((unit.config.routes as { main: Json[] }).main.slice(1)).toEqual([theirs, open])
})

test('someone who writes what they read before takes ours out: it is put in again', async () => {
  site.mount(['/shop'])
  await site.serve()
  const listener = await freeListener()
  const unit = await site.unit({
    config: { listeners: { [listener]: { pass: 'routes/main' } }, routes: { main: [open] } },
  })
  let reads = 0
  unit.instead = async ({ method, url }) => {
    if (method === 'GET' && url === '/config' && ++reads === 3) await unit.change('routes/main', () => [open, open])
    return false
  }
  expect(await site.plug(unit, '--into', 'routes/main')).toMatchObject({ code: 0 })
  expect((unit.config.routes as { main: Json[] }).main).toEqual([
    expect.objectContaining({ action: { proxy: site.proxy } }),
    open,
    open,
  ])
})

test('someone who never stops: it is given up', async () => {
  site.mount(['/shop'])
  const unit = await site.unit({ config: { routes: { main: [open] } }, idle: true })
  let count = 0
  unit.instead = async ({ url }) => {
    if (url === '/config/routes/main') await unit.change('routes/main', () => [{ action: { return: 300 + count++ } }])
    return false
  }
  const { code, err } = await site.plug(unit, '--into', 'routes/main')
  expect([code, err]).toEqual([1, expect.stringMatching(/changed by someone else each time .* \[UNIT_CONFLICT\]/)])
  expect(unit.writes).toEqual([])
})

test('two runs at once: each has its own in the same route', async () => {
  site.mount(['/shop'])
  await site.serve()
  const listener = await freeListener()
  const unit = await site.unit({
    config: { listeners: { [listener]: { pass: 'routes/main' } }, routes: { main: [open] } },
  })
  const names = ['one', 'two', 'three']
  const ended = await Promise.all(names.map((name) => site.plug(unit, '--into', 'routes/main', '--name', name)))
  expect(ended.map(({ code, err }) => [code, err])).toEqual(names.map(() => [0, '']))
  const steps = (unit.config.routes as { main: Json[] }).main
  const marks = steps.map((step) => JSON.stringify(step).match(/!plugged:(\w+)/)?.[1])
  expect(marks.toSorted()).toEqual(['one', 'three', 'two', undefined])
  expect(steps.at(-1)).toEqual(open)
})

test('nobody is there', async () => {
  site.mount(['/'])
  const plug = (control: string, ...words: string[]) => site.command('plug', 'unit', '--control', control, ...words)
  const missing = join(site.path, 'no.sock')
  expect(await plug(`unix:${missing}`)).toMatchObject({
    code: 1,
    err: expect.stringMatching(
      /--control: there is no socket unix:.*no\.sock: is Unit running\? .*\/var\/run\/control\.unit\.sock.* \[UNIT_UNREACHABLE\]/,
    ),
  })
  expect((await plug(await freeListener(), '--remove')).err).toMatch(/nobody listens on .* \[UNIT_UNREACHABLE\]/)
  expect((await plug('uwsgi://127.0.0.1:1')).err).toMatch(/control API speaks http, not uwsgi \[ADDRESS_BAD\]/)
})

test.each<[string, (request: { url?: string | undefined }) => readonly [number, string], RegExp]>([
  ['a page', () => [200, '<html>\n'], /is not Unit's control API: it gave status 200 and "<html>\\n"/],
  ['another API', () => [404, '{"message":"Not Found"}'], /it has no object at \/config/],
  ['a list', () => [200, '[1]'], /it has no object at \/config/],
  ['an error without words', () => [500, '{}'], /it gave status 500 without an error/],
])('nonsense: %s', async (_, instead, message) => {
  site.mount(['/'])
  const unit = await site.unit({ idle: true })
  unit.instead = (request, response) => {
    const [status, body] = instead(request)
    response.writeHead(status).end(body)
    return true
  }
  const { code, err } = await site.plug(unit)
  expect([code, err]).toEqual([1, expect.stringMatching(new RegExp(`${message.source}.*\\[UNIT_ANSWER\\]`))])
})

test('an error for a question, in the middle: all of it is taken back', async () => {
  site.mount(['/'])
  const config = { listeners: {}, routes: {} }
  const unit = await site.unit({ config, idle: true })
  let reads = 0
  unit.instead = ({ method, url }, response) => {
    if (method !== 'GET' || url !== '/config' || ++reads !== 3) return false
    response.writeHead(500).end('{"error":"Out of \\u001b[1mmemory."}')
    return true
  }
  const { code, err } = await site.plug(unit, '--no-verify')
  expect([code, err]).toEqual([
    1,
    'sidegate: /config: Unit answered 500: Out of \\x1b[1mmemory.; Unit is as it was before [UNIT_REFUSED]\n',
  ])
  expect(unit.config).toEqual(config)
})

test('nonsense: an upgrade that was not asked for', async () => {
  site.mount(['/'])
  const unit = await site.unit({ idle: true })
  unit.instead = ({ socket }) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n')
    return true
  }
  expect((await site.plug(unit)).err).toMatch(/it gave status 101; .*\[UNIT_ANSWER\]/)
})

test('nonsense: no HTTP', async () => {
  site.mount(['/'])
  const server = createTcp((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH\r\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const { err } = await site.command('plug', 'unit', '--control', `127.0.0.1:${port}`)
  server.close()
  expect(err).toMatch(/it gave no HTTP; .*\[UNIT_ANSWER\]/)
})

test('an answer that does not come: what was asked for may have been done, and is taken back', async () => {
  site.mount(['/'])
  const config = { listeners: {}, routes: {} }
  const unit = await site.unit({ config, idle: true })
  let isHung = false
  unit.instead = async ({ method }, response) => {
    const isLast = method === 'PUT' && unit.writes.length > 0
    if (!isHung && !isLast) return false
    if (!isHung) await unit.change('listeners/*:8080', () => ({ pass: 'routes/sidegate' }))
    // Until the client gives up.
    await once(response, 'close')
    return true
  }
  const slow = await site.plug(unit, '--timeout', '0.5')
  expect([slow.code, slow.err]).toEqual([
    1,
    expect.stringMatching(
      /did not answer PUT \/config\/listeners\/\*:8080 within 0\.5 s; whether that was done is not known; Unit is as it was before \[UNIT_TIMEOUT\]/,
    ),
  ])
  expect(unit.config).toEqual(config)
  isHung = true
  const hung = await site.plug(unit, '--timeout', '0.2')
  expect(hung.err).toMatch(/did not answer GET \/config within 0\.2 s \[UNIT_TIMEOUT\]/)
})

test('an error for what was done all the same: it is taken back with the rest', async () => {
  site.mount(['/'])
  const config = { listeners: {}, routes: {} }
  const unit = await site.unit({ config })
  const listener = await freeListener()
  unit.instead = async ({ method, url = '' }, response) => {
    if (method !== 'PUT' || !url.startsWith('/config/listeners/')) return false
    await unit.change(`listeners/${listener}`, () => ({ pass: 'routes/sidegate' }))
    response.writeHead(500, { 'Content-Type': 'application/json' })
    response.end('{"error":"Failed to apply new configuration."}')
    return true
  }
  const { code, err } = await site.plug(unit, '--on', listener)
  expect([code, err]).toEqual([1, expect.stringMatching(/Unit says 502: .* Unit is as it was before \[UNIT_VERIFY\]/)])
  expect(unit.config).toEqual(config)
})

test.each(['', '.', '..'])(
  'a listener called %j: nothing is asked for, as its place would be another',
  async (name) => {
    site.mount(['/'])
    const unit = await site.unit({ config: { listeners: {}, routes: {} }, idle: true })
    expect(await site.plug(unit, '--on', name)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/--on: ".{0,2}" is no address of a listener, .*\[ADDRESS_BAD\]/),
    })
  },
)

test('a step of others that needs our route keeps it: the listener is put back', async () => {
  site.mount(['/shop'])
  const unit = await site.unit({ config: { listeners: {}, routes: {} }, idle: true })
  expect(await site.plug(unit, '--no-verify')).toMatchObject({ code: 0 })
  await unit.change('routes/main', () => [{ action: { pass: 'routes/sidegate' } }])
  const before = unit.config
  const { code, err } = await site.plug(unit, '--remove')
  expect([code, err]).toEqual([
    1,
    expect.stringMatching(
      /\/config\/routes\/sidegate: Unit answered 400: Request "pass" points to .*; Unit is as it was before/,
    ),
  ])
  expect(unit.config).toEqual(before)
})

test.each<[string[], RegExp]>([
  [['plug', 'unit', '--dry-run'], /--dry-run needs --control ADDRESS/],
  [['plug', 'nginx', '--control', 'unix:/x'], /nginx has no control API/],
  [['plug', 'unit', '--control', 'unix:/x', '--full'], /--full is for what is printed/],
  [
    ['plug', 'unit', '--control', 'unix:/x', '--into', 'routes', '--on', '*:80'],
    /--on is for a listener, and --into makes none/,
  ],
])('%j', async (words, message) => {
  site.mount(['/'])
  expect(await site.command(...words)).toMatchObject({ code: 2, err: expect.stringMatching(message) })
})
