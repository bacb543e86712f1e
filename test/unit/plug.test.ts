// sidegate plug unit, by the command line, on a stand-in for Unit: what is put in, shown, changed, left alone, and taken out.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Json } from '../../plugin/unit/json.ts'
import { ask, freeListener, newSite } from './site.ts'

const site = newSite()
const MARK = '!plugged:sidegate'

const proxied = (...uri: string[]): Json => ({ match: { uri: [...uri, MARK] }, action: { proxy: site.proxy } })

/** A Unit that does other things. */
function busy(listener: string): Record<string, Json> {
  return {
    listeners: { [listener]: { pass: 'routes/main', forwarded: { client_ip: 'X-Real-IP', source: '10.0.0.1' } } },
    routes: {
      main: [{ match: { uri: '/old/*' }, action: { pass: 'applications/old' } }, { action: { return: 403 } }],
    },
    applications: { old: { type: 'external', executable: '/bin/true' } },
    settings: { http: { max_body_size: 1000 } },
  }
}

test('in, again, changed, and out', async () => {
  site.mount(['/', '/shop'])
  await site.serve()
  const unit = await site.unit({ control: join(site.path, 'control.sock') })
  const listener = await freeListener()
  // The first two in processes of their own, as people run it.
  const plug = (...words: string[]) => site.process('plug', 'unit', '--control', unit.address, ...words)

  const shown = await plug('--on', listener, '--dry-run')
  expect(shown).toMatchObject({ code: 0, err: '' })
  expect(shown.out).toContain(
    `\n/config/listeners\n  + {\n  +     "${listener}": {\n  +         "pass": "routes/sidegate"\n`,
  )
  expect(shown.out).toMatch(/^unix:\S+control\.sock \(Unit\/1\.35\.0\):\n\/config\/routes\n {2}\+ \{/)
  expect(shown.out).toMatch(/\nnothing was changed: --dry-run\n$/)
  expect(unit.writes).toEqual([])

  const put = await plug('--on', listener)
  expect(put).toMatchObject({ code: 0, err: '' })
  expect(put.out).toMatch(new RegExp(`\nchanged; http://${listener}/ answers\n$`))
  expect(unit.config).toEqual({
    routes: { sidegate: [proxied()] },
    listeners: { [listener]: { pass: 'routes/sidegate' } },
  })
  expect((await ask(listener, '/shop/x')).text).toBe('sidegate /shop')

  unit.writes.length = 0
  const again = await site.plug(unit, '--on', listener)
  expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/ is as it should be: nothing to change\n$/) })
  expect(unit.writes).toEqual([])

  // With the root no longer mounted only the patterns change, and only they are written.
  site.mount(['/shop', '/a*b'])
  const changed = await site.plug(unit, '--on', listener)
  expect(changed).toMatchObject({ code: 0, err: '' })
  expect(changed.out).toContain('/config/routes/sidegate/0/match/uri\n    [\n')
  expect(changed.out).toContain('\n  +     "/shop/*",\n')
  expect(unit.writes).toEqual(['PUT /config/routes/sidegate/0/match/uri'])
  expect(unit.config.routes).toEqual({
    sidegate: [proxied('/shop', '/shop/*', '/a%2Ab', '/a%2Ab/*')],
  })
  expect((await ask(listener, '/other')).status).toBe(404)

  const shownOut = await site.plug(unit, '--remove', '--dry-run')
  expect(shownOut.out).toContain(`/config/listeners/${listener}\n  - {\n`)
  expect(Object.keys(unit.config.listeners as object)).toEqual([listener])
  const out = await site.plug(unit, '--remove')
  expect(out).toMatchObject({ code: 0, out: expect.stringMatching(/\nremoved\n$/) })
  expect(unit.config).toEqual({ routes: {}, listeners: {} })
  expect((await site.plug(unit, '--remove')).out).toMatch(/ has nothing of sidegate: nothing to remove\n$/)
})

test("what is someone else's stays as it is, and stays behind", async () => {
  site.mount(['/'])
  await site.serve()
  const [theirs, ours] = [await freeListener(), await freeListener()]
  const config = busy(theirs)
  const unit = await site.unit({ config })
  expect(await site.plug(unit, '--on', ours)).toMatchObject({ code: 0 })
  expect(unit.config).toEqual({
    ...config,
    listeners: { ...(config.listeners as object), [ours]: { pass: 'routes/sidegate' } },
    routes: { ...(config.routes as object), sidegate: [proxied()] },
  })
  expect(unit.writes).toEqual(['PUT /config/routes/sidegate', `PUT /config/listeners/${ours}`])
  // What people have set on our listener by hand is theirs.
  await unit.change(`listeners/${ours}/backlog`, () => 99)
  expect((await site.plug(unit, '--on', ours)).out).toContain('nothing to change')
  expect(await site.plug(unit, '--remove')).toMatchObject({ code: 0 })
  expect(unit.config).toEqual(config)
})

test.each(['routes', 'routes/main'])('into %s: in front of their steps, which stay', async (into) => {
  site.mount(['/shop'])
  await site.serve()
  const listener = await freeListener()
  const steps: Json = [{ match: { uri: '/old' }, action: { return: 410 } }, { action: { return: 403 } }]
  const config = { listeners: { [listener]: { pass: into } }, routes: into === 'routes' ? steps : { main: steps } }
  const unit = await site.unit({ config })
  const put = await site.plug(unit, '--into', into)
  expect(put).toMatchObject({ code: 0, out: expect.stringContaining(`changed; http://${listener}/shop/ answers`) })
  expect(unit.writes).toEqual([`PUT /config/${into}`])
  const asked = await Promise.all(['/shop/x', '/old', '/else'].map((target) => ask(listener, target)))
  expect(asked.map(({ status }) => status)).toEqual([200, 410, 403])
  expect((await site.plug(unit, '--into', into)).out).toContain('nothing to change')
  // Someone moves our step, and the mark finds it.
  await unit.change(into, (there) => (there as Json[]).toReversed())
  expect(await site.plug(unit, '--remove')).toMatchObject({ code: 0 })
  await unit.change(into, (there) => (there as Json[]).toReversed())
  expect(unit.config).toEqual(config)
})

test('into a route of others: what is mounted at the root comes behind their steps', async () => {
  site.mount(['/'])
  await site.serve()
  const listener = await freeListener()
  const steps: Json[] = [{ match: { uri: '/old' }, action: { return: 410 } }]
  const unit = await site.unit({ config: { listeners: { [listener]: { pass: 'routes' } }, routes: steps } })
  expect(await site.plug(unit, '--into', 'routes')).toMatchObject({ code: 0 })
  expect(unit.config.routes).toEqual([...steps, proxied()])
})

test('an app whose answer never ends answers', async () => {
  site.write('events.mjs', 'export default (request, response) => void response.writeHead(200).write("event\\n")\n')
  site.mount([], { '/events': { node: './events.mjs' } })
  await site.serve()
  const unit = await site.unit()
  const listener = await freeListener()
  const put = await site.plug(unit, '--on', listener, '--timeout', '5')
  expect(put).toMatchObject({ code: 0, out: expect.stringContaining(`http://${listener}/events/ answers`) })
})

test('several Sidegates in one Unit, each by its name', async () => {
  site.mount(['/'])
  await site.serve()
  const unit = await site.unit()
  const [one, two] = [await freeListener(), await freeListener()]
  expect(await site.plug(unit, '--on', one)).toMatchObject({ code: 0 })
  expect(await site.plug(unit, '--on', two, '--name', 'blue')).toMatchObject({ code: 0 })
  expect(await site.plug(unit, '--remove')).toMatchObject({ code: 0 })
  expect(Object.keys(unit.config.routes as object)).toEqual(['blue'])
  expect((await ask(two, '/')).text).toBe('sidegate /')
})

test('files that Unit can serve itself', async () => {
  const shared = join(site.path, 'www', 'static')
  mkdirSync(join(shared, 'sub'), { recursive: true })
  for (const name of ['a.txt', '.hidden', 'sub/index.html']) writeFileSync(join(shared, name), name)
  site.mount(['/', '/static/app', 'b.example'], {
    '/static': { files: 'www/static', maxAge: 60 },
    // Mounted elsewhere than its path says: Unit cannot take the prefix off.
    '/docs': { files: 'www/static' },
  })
  await site.serve()
  const unit = await site.unit()
  const listener = await freeListener()
  expect(await site.plug(unit, '--on', listener)).toMatchObject({ code: 0 })
  const [share] = (unit.config.routes as { sidegate: Json[] }).sidegate
  expect(share).toEqual({
    match: { host: ['!b.example'], uri: ['/static/*', '!/static/app', '!/static/app/*', '!*/.*', MARK] },
    action: {
      share: `${join(site.path, 'www')}$uri`,
      index: 'index.html',
      chroot: `${shared}/`,
      response_headers: { 'Cache-Control': 'public, max-age=60' },
      fallback: { proxy: site.proxy },
    },
  })
  expect((unit.config.routes as { sidegate: Json[] }).sidegate).toHaveLength(2)
  const file = await ask(listener, '/static/a.txt')
  expect([file.text, file.header('cache-control'), file.header('etag')]).toEqual([
    'a.txt',
    'public, max-age=60',
    undefined,
  ])
  expect((await ask(listener, '/static/sub/')).text).toBe('sub/index.html')
  // Sidegate says what is not there, and what nobody may have.
  for (const target of ['/static/missing', '/static/.hidden']) {
    const answer = await ask(listener, target)
    expect([answer.status, answer.text]).toEqual([404, expect.not.stringContaining('<title>')])
  }
  expect((await ask(listener, '/static/app/x')).text).toBe('sidegate /static/app')
  expect((await ask(listener, '/static/a.txt', 'b.example')).text).toBe('sidegate b.example')
  // By Sidegate: it has an ETag.
  expect((await ask(listener, '/docs/a.txt')).header('etag')).toBeDefined()
})

test('files beside scripts that Unit can send itself', async () => {
  const folder = join(site.path, 'www', 'blog')
  mkdirSync(join(folder, 'private'), { recursive: true })
  for (const name of ['a.css', '.env', 'x.php', 'x.php.bak', 'dump.SQL', 'private/a.css'])
    writeFileSync(join(folder, name), name)
  symlinkSync('x.php', join(folder, 'link.css'))
  const php = { upstream: 'fastcgi://127.0.0.1:1', static: true, closed: ['/private'] }
  site.mount(['/', '/blog/app'], { '/blog': { ...php, root: 'www/blog' }, '/else': { ...php, root: 'www/blog' } })
  await site.serve()
  const unit = await site.unit()
  const listener = await freeListener()
  expect(await site.plug(unit, '--on', listener)).toMatchObject({ code: 0 })
  const steps = (unit.config.routes as { sidegate: Json[] }).sidegate
  expect(steps).toHaveLength(2)
  expect(steps[0]).toMatchObject({
    match: { method: ['GET', 'HEAD'], uri: expect.arrayContaining(['/blog/*', '!/blog/app', '!/blog/app/*', '!*/']) },
    action: { share: `${join(site.path, 'www')}$uri`, chroot: `${folder}/`, follow_symlinks: false },
  })
  const file = await ask(listener, '/blog/a.css')
  expect([file.text, file.header('cache-control'), file.header('etag')]).toEqual([
    'a.css',
    'public, max-age=0',
    undefined,
  ])
  for (const name of [
    '.env',
    'x.php.bak',
    'X.PHP.BAK',
    'dump.SQL',
    'private/a.css',
    'PRIVATE/a.css',
    'img/%2e%2e/.env',
    'link.css',
    'none.css',
  ])
    expect([name, (await ask(listener, `/blog/${name}`)).status]).toEqual([name, 404])
  // PHP is not there.
  expect((await ask(listener, '/blog/x.php')).status).toBe(502)
  expect((await ask(listener, '/blog/app/a.css')).text).toBe('sidegate /blog/app')
  expect((await ask(listener, '/else/a.css')).header('etag')).toBeDefined()
})

test('without the control API it is printed, and Unit takes it as it is', async () => {
  site.mount(['/'])
  const { out: snippet } = await site.command('plug', 'unit')
  const { out: full } = await site.command('plug', 'unit', '--full', '--port', '8123')
  const unit = await site.unit({ idle: true })
  const put = async (path: string, body: string): Promise<number> =>
    (await fetch(`http://${unit.address}${path}`, { method: 'PUT', body })).status
  expect(await put('/config', full)).toBe(200)
  expect(unit.config.listeners).toEqual({ '*:8123': { pass: 'routes/sidegate' } })
  expect(await put('/config/routes/sidegate', snippet)).toBe(200)
  expect(unit.config.routes).toEqual({ sidegate: [proxied()] })
})
