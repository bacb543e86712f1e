// `index` of a CGI mount: the script that answers for a folder.
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { cgi } from '../../sidecar/mounts/cgi/mount.ts'
import { openMount } from '../mount.ts'
import { environmentOf, PRINT_ENVIRONMENT, scriptFolder } from './scripts.ts'

const scripts = scriptFolder({
  'bin/index.cgi': PRINT_ENVIRONMENT,
  'bin/sub/second': PRINT_ENVIRONMENT,
  'bin/plain/index.cgi': `!${PRINT_ENVIRONMENT}`,
  'outside/index.cgi': PRINT_ENVIRONMENT,
})
mkdirSync(join(scripts.path, 'bin/none'))
mkdirSync(join(scripts.path, 'bin/linked'))
symlinkSync('../../outside/index.cgi', join(scripts.path, 'bin/linked/index.cgi'))
afterAll(scripts.remove)

const folder = pathToFileURL(`${scripts.path}/`)
const open = (settings: object) => openMount(cgi, { cgi: 'bin', ...settings }, folder, '/bin')

test.each([
  ['/bin/', '/bin/index.cgi'],
  ['/bin/sub/', '/bin/sub/second'],
  ['/bin/sub//', '/bin/sub//second'],
  ['/bin/index.cgi', '/bin/index.cgi'],
])('%s is answered by %s', async (path, name) => {
  const { request, mount } = await open({ index: ['index.cgi', 'second'] })
  const { body } = await request({ path: `${path}?a=1`, prefix: '/bin' }).response
  expect(environmentOf(body.toString())).toMatchObject({ SCRIPT_NAME: name, PATH_INFO: '', QUERY_STRING: 'a=1' })
  await mount.close()
})

test.each([
  ['/bin', 301, '/bin/?a=1'],
  ['/bin/sub', 301, '/bin/sub/?a=1'],
  ['/bin/none/', 404, undefined],
  ['/bin/none', 404, undefined],
  ['/bin/plain/', 403, undefined],
  ['/bin/linked/', 403, undefined],
])('%s is %d', async (path, status, location) => {
  const { request, mount } = await open({ index: ['index.cgi', 'second'] })
  const response = await request({ path: `${path}?a=1`, prefix: '/bin' }).response
  expect([response.status, response.header('location')]).toEqual([status, location])
  await mount.close()
})

test('a folder is 404 where no index is set', async () => {
  const { request, mount } = await open({})
  expect((await request({ path: '/bin/', prefix: '/bin' }).response).status).toBe(404)
  await mount.close()
})

test.each(['', '.hidden', 'a/b', '..'])('%j is no name of an index', async (name) => {
  await expect(open({ index: [name] })).rejects.toThrow(/name of a script/)
})
