// sidegate plug unit where people have changed by hand what it wrote: what they meant by that stays.
import { expect, test } from 'vitest'
import type { Json } from '../../plugin/unit/json.ts'
import { newCertificate } from './certificate.ts'
import { freeListener, newSite } from './site.ts'

const site = newSite()
const MARK = '!plugged:sidegate'
const guard: Json = { match: { uri: '/shop/admin/*' }, action: { return: 403 } }
const open: Json = { action: { return: 410 } }

const proxied = (...uri: string[]): Json => ({ match: { uri: [...uri, MARK] }, action: { proxy: site.proxy } })

test('a step that was put in front of ours stays there', async () => {
  const unit = await site.unit({ config: { routes: { main: [open] } }, idle: true })
  const plug = () => site.plug(unit, '--into', 'routes/main', '--no-verify')
  const steps = (): Json => (unit.config.routes as { main: Json }).main
  site.mount(['/shop'])
  expect(await plug()).toMatchObject({ code: 0 })
  await unit.change('routes/main', (there) => [guard, ...(there as Json[])])
  expect((await plug()).out).toContain('nothing to change')
  site.mount(['/shop', '/blog'])
  expect(await plug()).toMatchObject({ code: 0 })
  const both = ['/blog', '/blog/*', '/shop', '/shop/*']
  expect(steps()).toEqual([guard, proxied(...both), open])

  // With the root mounted it would take what is behind it: then it goes there, and back again.
  await unit.change('routes/main', (there) => (there as Json[]).slice(0, 2))
  const later: Json = { match: { uri: '/later' }, action: { return: 410 } }
  await unit.change('routes/main', (there) => [...(there as Json[]), later])
  site.mount(['/'])
  expect(await plug()).toMatchObject({ code: 0 })
  expect(steps()).toEqual([guard, later, proxied()])
  // By hand in front of an open step, where it gets something.
  await unit.change('routes/main', () => [guard, proxied(), open])
  expect((await plug()).out).toContain('nothing to change')
  site.mount(['/shop'])
  expect(await plug()).toMatchObject({ code: 0 })
  expect(steps()).toEqual([proxied('/shop', '/shop/*'), guard, open])
})

test('a list of one pattern may be written without brackets', async () => {
  const bare: Json = { match: { uri: MARK }, action: { proxy: site.proxy } }
  const unit = await site.unit({ config: { listeners: {}, routes: { sidegate: [bare] } }, idle: true })
  expect(await site.plug(unit, '--remove')).toMatchObject({ code: 0 })
  expect(unit.config.routes).toEqual({})
})

test('a step of theirs in our route', async () => {
  site.mount(['/shop'])
  const unit = await site.unit({ config: { listeners: {}, routes: {} }, idle: true })
  expect(await site.plug(unit, '--no-verify')).toMatchObject({ code: 0 })
  await unit.change('routes/sidegate', (there) => [guard, ...(there as Json[])])
  const before = unit.config
  const { code, err } = await site.plug(unit, '--no-verify')
  expect([code, err]).toEqual([
    1,
    expect.stringMatching(/\/config\/routes\/sidegate: .*--into routes\/sidegate, .*--name \[UNIT_TAKEN\]/),
  ])
  expect(unit.config).toEqual(before)
  expect((await site.plug(unit, '--into', 'routes/sidegate', '--no-verify')).out).toContain('nothing to change')
  expect(await site.plug(unit, '--remove')).toMatchObject({ code: 0 })
  expect(unit.config).toEqual({
    listeners: { '*:8080': { pass: 'routes/sidegate' } },
    routes: { sidegate: [guard] },
  })
})

test('certificates beside ours stay on the listener', async () => {
  site.mount(['/'])
  const unit = await site.unit({ config: { listeners: {}, routes: {} }, idle: true })
  const plug = () => site.plug(unit, '--certificate', 'site.pem', '--no-verify')
  const used = (): unknown =>
    (unit.config.listeners as Record<string, { tls: { certificate: Json } }>)['*:8080']!.tls.certificate
  site.write('site.pem', newCertificate('example.test'))
  expect(await plug()).toMatchObject({ code: 0 })
  unit.certificates.set('theirs', newCertificate('their.test'))
  await unit.change('listeners/*:8080/tls/certificate', (there) => ['theirs', there!])
  expect((await plug()).out).toContain('nothing to change')
  site.write('site.pem', newCertificate('example.test'))
  expect(await plug()).toMatchObject({ code: 0 })
  const own = [...unit.certificates.keys()].filter((name) => name !== 'theirs')
  expect(own).toHaveLength(1)
  expect(used()).toEqual(['theirs', ...own])
})

test('a certificate that a run left behind, which was killed, goes with the next run', async () => {
  site.mount(['/'])
  const unit = await site.unit({ config: { listeners: {}, routes: {} }, idle: true })
  const plug = (...words: string[]) => site.plug(unit, '--certificate', 'site.pem', '--no-verify', ...words)
  site.write('site.pem', newCertificate('example.test'))
  expect(await plug()).toMatchObject({ code: 0 })
  const left = `sidegate-${'0'.repeat(12)}`
  unit.certificates.set(left, newCertificate('example.test'))
  const shown = await plug('--dry-run')
  expect(shown.out).toContain(`\n/certificates/${left}\n  - ${left}\n`)
  expect(unit.certificates.has(left)).toBe(true)
  expect(await plug()).toMatchObject({ code: 0 })
  expect(unit.certificates.has(left)).toBe(false)
  expect(unit.certificates.size).toBe(1)
  expect((await plug()).out).toContain('nothing to change')
})

test('routes whose names have a slash are named as in pass', async () => {
  site.mount(['/shop'])
  await site.serve()
  const listener = await freeListener()
  const unit = await site.unit({
    config: { listeners: { [listener]: { pass: 'routes/a%2Fb' } }, routes: { 'a/b': [open], constructor: [open] } },
  })
  expect((await site.plug(unit, '--on', listener)).err).toMatch(/--into routes\/a%2Fb \[UNIT_TAKEN\]/)
  expect((await site.plug(unit, '--into', 'routes/none')).err).toMatch(/there is routes\/a%2Fb, routes\/constructor /)
  expect((await site.plug(unit, '--into', 'routes/__proto__')).err).toMatch(/\[UNIT_ROUTE\]/)
  expect((await site.plug(unit, '--into', 'routes/%')).err).toMatch(/\[UNIT_ROUTE\]/)
  const put = await site.plug(unit, '--into', 'routes/a%2Fb')
  expect(put).toMatchObject({ code: 0, out: expect.stringContaining(`changed; http://${listener}/shop/ answers`) })
  expect((unit.config.routes as Record<string, Json[]>)['a/b']).toEqual([proxied('/shop', '/shop/*'), open])
})

test('very long routes', async () => {
  site.mount(['/shop'])
  const many = Array.from({ length: 20_000 }, (_, index): Json => ({
    match: { uri: `/${index}/*` },
    action: { return: 410 },
  }))
  const unit = await site.unit({ config: { routes: { main: many } }, idle: true })
  const { code, out } = await site.plug(unit, '--into', 'routes/main', '--dry-run')
  expect(code).toBe(0)
  // Eleven lines come, and three around them.
  expect(out.split('\n').length).toBeLessThan(30)
})
