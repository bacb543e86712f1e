import { expect, test } from 'vitest'
import { Router } from '../../sidecar/router.ts'
import type { Variables } from '../../sidecar/variables.ts'

const router = new Router(
  [
    '/',
    '/shop',
    '/shop/admin/',
    '/köln',
    'static.example.com',
    'static.example.com/img',
    'Example.ORG/shop',
    '[::1]/six',
    'full.example./name',
  ].map((key) => ({
    key,
  })),
)

test.each([
  ['h', '/', '/', '', '/'],
  ['h', '', '/', '', ''],
  ['h', '/shop', '/shop', '/shop', ''],
  ['h', '/shop/', '/shop', '/shop', '/'],
  ['h', '/shop//x', '/shop', '/shop', '//x'],
  ['h', '/shopping', '/', '', '/shopping'],
  ['h', '//shop/x', '/', '', '//shop/x'],
  ['h', '/shop/admin', '/shop/admin/', '/shop/admin', ''],
  ['h', '/shop/admin/x', '/shop/admin/', '/shop/admin', '/x'],
  ['h', '/shop/adminx', '/shop', '/shop', '/adminx'],
  ['h', '/kÃ¶ln/dom', '/köln', '/kÃ¶ln', '/dom'],
  ['static.example.com', '/shop', 'static.example.com', '', '/shop'],
  ['STATIC.example.com:8080', '/img/a', 'static.example.com/img', '/img', '/a'],
  ['example.org', '/shop/x', 'Example.ORG/shop', '/shop', '/x'],
  ['example.org.', '/shop/x', 'Example.ORG/shop', '/shop', '/x'],
  ['example.org.:443', '/shop/x', 'Example.ORG/shop', '/shop', '/x'],
  ['example.org', '/other', '/', '', '/other'],
  ['full.example.', '/name', 'full.example./name', '/name', ''],
  ['full.example', '/name', 'full.example./name', '/name', ''],
  ['[::1]:80', '/six', '[::1]/six', '/six', ''],
])('%s %s → %s', (host, path, key, script, info) => {
  const variables: Variables = { HTTP_HOST: host, SCRIPT_NAME: '', PATH_INFO: path }
  const match = router.match(variables)
  expect(match).toMatchObject({ to: { key }, variables: { SCRIPT_NAME: script, PATH_INFO: info } })
  expect(variables).toEqual({ HTTP_HOST: host, SCRIPT_NAME: '', PATH_INFO: path })
})

test('a SCRIPT_NAME that the host set stays in front', () => {
  const match = router.match({ HTTP_HOST: 'h', SCRIPT_NAME: '/site', PATH_INFO: '/shop/x' })
  expect(match?.variables).toMatchObject({ SCRIPT_NAME: '/site/shop', PATH_INFO: '/x' })
})

test('nothing mounted is nothing, never the first mount', () => {
  const two = new Router([{ key: '/a' }, { key: 'b.example' }])
  expect(two.match({ HTTP_HOST: 'h', PATH_INFO: '/' })).toBeUndefined()
  expect(new Router([]).match({ PATH_INFO: '/' })).toBeUndefined()
})

test.each([
  ['/ADMIN/x', '/Admin', '/ADMIN', '/x'],
  ['/admin', '/Admin', '/admin', ''],
  ['/administration', '/', '', '/administration'],
  ['/K\u00c3\u0096LN/D', '/köln', '/K\u00c3\u0096LN', '/D'],
  ['/ADMIN/\u00ff', '/Admin', '/ADMIN', '/\u00ff'],
])('on Windows %s belongs to %s, in the letters that the client wrote', (path, key, script, info) => {
  const all = ['/', '/Admin', '/köln'].map((place) => ({ key: place }))
  expect(new Router(all, 'win32').match({ SCRIPT_NAME: '', PATH_INFO: path })).toMatchObject({
    to: { key },
    variables: { SCRIPT_NAME: script, PATH_INFO: info },
  })
  expect(new Router(all, 'linux').match({ PATH_INFO: '/ADMIN/x' })?.to.key).toBe('/')
})
