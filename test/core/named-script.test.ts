// A script that the web server has found itself: its path is the whole path.
import { expect, test } from 'vitest'
import { wholePath } from '../../sidecar/named-script.ts'

const root = '/srv/site'

test.each([
  [{ SCRIPT_NAME: '/x.php', PATH_INFO: '', SCRIPT_FILENAME: `${root}/x.php` }, '/x.php'],
  [
    { SCRIPT_NAME: '/a/x.php', PATH_INFO: '/b', SCRIPT_FILENAME: `proxy:fcgi://localhost${root}/a/x.php` },
    '/a/x.php/b',
  ],
  [{ SCRIPT_NAME: '/alias/x.PHP7', SCRIPT_FILENAME: '/usr/share/x.PHP7' }, '/alias/x.PHP7'],
])('%j', (variables, path) => {
  const before = { ...variables }
  expect(wholePath(variables)).toMatchObject({ SCRIPT_NAME: '', PATH_INFO: path })
  expect(variables).toEqual(before)
})

test.each([
  { SCRIPT_NAME: '', PATH_INFO: '/x.php', SCRIPT_FILENAME: `${root}/x.php` },
  { SCRIPT_NAME: '/shop', PATH_INFO: '/x.php', SCRIPT_FILENAME: `${root}/shop/x.php` },
  { SCRIPT_NAME: '/x.php', PATH_INFO: '' },
  { SCRIPT_NAME: '/x.php', PATH_INFO: '', SCRIPT_FILENAME: `${root}/y.php` },
  { SCRIPT_NAME: '/app.fcgi', PATH_INFO: '/x', SCRIPT_FILENAME: `${root}/app.fcgi` },
  { SCRIPT_NAME: '/a/../x.php', PATH_INFO: '', SCRIPT_FILENAME: `${root}/x.php` },
])('%j stays as it is', (variables) => {
  expect(wholePath(variables)).toBe(undefined)
})
