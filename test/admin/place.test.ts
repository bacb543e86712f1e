// Where the admin socket is by default.
import { expect, test } from 'vitest'
import { adminPath } from '../../sidecar/admin/place.ts'

test.each([
  [{ XDG_RUNTIME_DIR: '/run/user/7' }, 7, /^\/run\/user\/7\/sidegate\/[0-9a-f]{12}\.sock$/],
  [{}, 0, /^\/run\/sidegate\/[0-9a-f]{12}\.sock$/],
  [{}, 7, /\/sidegate-7\/[0-9a-f]{12}\.sock$/],
])('%j of user %d', (environment, uid, path) => {
  expect(adminPath('/srv/a', environment, uid, 'linux')).toMatch(path)
  expect(adminPath('/srv/a', environment, uid, 'linux')).not.toBe(adminPath('/srv/b', environment, uid, 'linux'))
})

test('on Windows a named pipe, for each user and folder another one, in whichever letters the folder is written', () => {
  const of = (folder: string, user: string): string => adminPath(folder, { USERNAME: user }, 0, 'win32')
  expect(of('C:\\site', 'ann')).toMatch(/^\\\\\.\\pipe\\sidegate-[0-9a-f]{12}$/)
  expect(of('c:\\SITE', 'ann')).toBe(of('C:\\site', 'ann'))
  expect(new Set([of('C:\\site', 'ann'), of('C:\\site', 'bob'), of('C:\\other', 'ann')]).size).toBe(3)
})
