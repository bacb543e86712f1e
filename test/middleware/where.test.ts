// Which requests a layer is for: whoever spells a path in another way gets past no guard.
import { describe, expect, test } from 'vitest'
import { processorTime } from '../harness.ts'
import { whereOf, type WhereSettings } from '../../sidecar/middleware/where.ts'
import { makeExchange } from '../exchange.ts'

function isFor(settings: WhereSettings, path: string): boolean {
  return whereOf(settings, 'use.0.auth')(makeExchange({ path }).exchange.variables)
}

test.each([
  ['/admin', true],
  ['/admin/', true],
  ['/admin/users?x=1', true],
  ['/administrator', false],
  ['/', false],
  ['/x/admin', false],
  // In other words.
  ['/%61dmin', true],
  ['/%2561dmin', false],
  ['//admin', true],
  ['/x/../admin', true],
  ['/x/%2e%2e/admin', true],
  ['/./admin', true],
  ['/ADMIN', true],
  ['/%41dmin/x', true],
  ['/admin%2Fx', true],
  ['/admin;jsessionid=1/x', true],
  ['/;/admin', true],
  ['/x/..;/admin', true],
  ['/x;y/..;z/admin', true],
  ['/x%5c..%5cadmin', true],
  ['/x/y/..;a%5c..;/admin', true],
  ['/%5cadmin', true],
  ['/admin/%c3%a4', true],
  // An address to some.
  ['//x/admin', true],
  ['///x/admin', true],
  ['/%5cx/admin', true],
  ['/%5cx%5cadmin', true],
  ['//x/..;/admin', true],
  ['/y//x/admin', false],
  // A file of that name to Windows.
  ['/admin.', true],
  ['/admin%20./x', true],
  ['/admin::$DATA', true],
  ['/admin.x', false],
  // The same to an app whose front controller is index.php.
  ['/index.php/admin/x', true],
  ['/INDEX.php//admin', true],
  ['/a/index.php/admin', false],
  ['/index.php', false],
  ['/index.phpx/admin', false],
])('/admin covers %s: %s', (path, expected) => {
  expect(isFor({ path: '/admin' }, path)).toBe(expected)
})

test.each([
  ['/healthz', true],
  ['/healthz/live', true],
  ['/healthzz', false],
  ['/HEALTHZ', false],
  ['//healthz', false],
  ['/admin;/../healthz', true],
  ['/healthz/..;/admin', false],
  ['/healthz%5c..%5cadmin', false],
  ['/healthz;x', false],
  ['/healthz%2Flive', false],
  ['/healthz/x.php/y', true],
  ['//healthz/healthz', false],
  ['/admin/%2e%2e/healthz', true],
])('/healthz leaves out %s: %s', (path, out) => {
  expect(isFor({ except: '/healthz' }, path)).toBe(!out)
})

test.each<[string, string, boolean]>([
  ['*.sql', '/backup/db.sql', true],
  ['*.sql', '/backup/DB.SQL/x', true],
  ['*.sql', '/backup/db.sqlx', false],
  ['*.sql', '/backup/db.sql.%20', true],
  ['.git', '/a/.git/config', true],
  ['.git', '/a/x.git', false],
  ['/a/*/c', '/a/b/c/d', true],
  ['/a/*/c', '/a/b/b/c', false],
  // To some an encoded slash is a part of its segment.
  ['/a/*/c', '/a/b%2Fb/c', true],
  ['/a/*/c', '/a/b%2fb%5cc', true],
  ['/a*', '/abc', true],
  ['/', '/anything', true],
  ['/ä', '/%C3%84/x', true],
  ['/a/', '/a', true],
])('%s fits %s: %s', (path, target, expected) => {
  expect(isFor({ path: [path] }, target)).toBe(expected)
})

test('many stars and a long path take no time', async () => {
  const path = `/${'a'.repeat(50_000)}`
  const fit = (): void => expect(isFor({ path: '/*a*a*a*a*a*a*b' }, path)).toBe(false)
  expect(await processorTime(fit)).toBeLessThan(2000)
})

test.each(['/x/..;/..;/admin', '/..%5cadmin'])('%s leads above the root to somebody, and is refused', (path) => {
  expect(() => isFor({ path: '/admin' }, path)).toThrow(expect.objectContaining({ code: 'PATH_ABOVE_ROOT' }))
})

test('below a mount its own paths count', () => {
  const { variables } = makeExchange({ path: '/shop/admin', prefix: '/shop' }).exchange
  expect(whereOf({ path: '/admin' }, '')(variables)).toBe(true)
  expect(whereOf({ path: '/shop' }, '')(variables)).toBe(false)
})

describe('what is no path is refused by its place', () => {
  test.each(['', 'admin/x', '/a//b', '/../x', '/a?b', '/a%20b'])('%j', (path) => {
    expect(() => whereOf({ path: ['/fine', path] }, 'use.0.auth')).toThrow(
      expect.objectContaining({ code: 'PATH_PATTERN', path: 'use.0.auth.path.1' }),
    )
  })
})
