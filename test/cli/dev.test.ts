// sidegate dev: what was saved is what is served, requests wait meanwhile, and errors are shown with their place.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../harness.ts'
import { ask } from './ask.ts'
import { commandFolder } from './command-folder.ts'

const folder = commandFolder()
const environment = { XDG_RUNTIME_DIR: join(folder.path, 'runtime') }

const app = (statement: string): string => `import { word } from './word.mjs'
export const app = (environ, start) => {
  ${statement}
  start('200 OK', [['Content-Type', 'text/plain']])
  return [word]
}
`

test('a change starts the apps anew, and who asks meanwhile waits for them', { timeout: 120_000 }, async () => {
  folder.write('word.mjs', "export const word = 'one'")
  folder.write('app.mjs', app(''))
  folder.write('lib.py', "word = b'one'")
  // Loaded by the first request, not with the app.
  const lazy = "    import lib\n    start_response('200 OK', [('Content-Type', 'text/plain')])\n    return [lib.word]\n"
  folder.write('shop.py', `def application(environ, start_response):\n${lazy}`)
  const mounts = { '/': { app: './app.mjs' }, '/shop': { python: './shop.py', processes: 3 } }
  folder.write('sidegate.config.json', JSON.stringify({ listen: ['http://127.0.0.1:0'], mounts }))
  const one = folder.run(['dev'], environment)
  const url = `http://127.0.0.1:${await one.port()}`
  const get = async (path: string): Promise<{ status: number; text: string }> => {
    const response = await fetch(url + path)
    return { status: response.status, text: await response.text() }
  }
  /** Writes, and asks once that was noticed: long before anything new serves. */
  const after = async (name: string, text: string, path: string): Promise<{ status: number; text: string }> => {
    const before = one.err.length
    let looks = 0
    await until('the change is noticed', () => {
      // A worker tells what it has loaded a moment later.
      if (looks++ % 100 === 0) folder.write(name, text)
      return one.err.slice(before).includes(`${name} has changed`)
    })
    return get(path)
  }
  expect([await get('/'), await get('/shop')]).toEqual([
    { status: 200, text: 'one' },
    { status: 200, text: 'one' },
  ])
  expect(await after('word.mjs', "export const word = 'two'", '/')).toEqual({ status: 200, text: 'two' })
  await get('/shop')
  expect(await after('lib.py', "word = b'two'", '/shop')).toEqual({ status: 200, text: 'two' })

  const broken = await after('word.mjs', "export const word = 'two'\nexport const const", '/shop')
  expect(broken.status).toBe(500)
  expect(broken.text).toContain(`<h2>${join(folder.path, 'word.mjs')}:2</h2>`)
  expect(broken.text).toContain('<mark>    2  export const const</mark>')
  expect(await after('word.mjs', "export const word = '<three>'", '/')).toEqual({ status: 200, text: '<three>' })

  const raised = await after('app.mjs', app("if (environ.PATH_INFO) throw new Error('<no>')"), '/')
  expect(raised.status).toBe(500)
  expect(raised.text).toContain(`<h2>${join(folder.path, 'app.mjs')}:3</h2>`)
  expect(raised.text).toContain('the app raised: &lt;no&gt;')
  expect(raised.text).not.toContain('<no>')

  const named = 'if (environ.PATH_INFO) throw new Error(decodeURIComponent(environ.QUERY_STRING))'
  await after('app.mjs', app(named), '/')
  folder.write('secret.txt', 'nobody may read this')
  for (const file of [join(folder.path, 'secret.txt'), `file://${join(folder.path, 'secret.txt')}`, 'file://x/y']) {
    const { status, text } = await get(`/?${encodeURIComponent(`no\n    at ${file}:1:1\n  File "${file}", line 1`)}`)
    expect(status).toBe(500)
    expect(text).toContain(`<h2>${join(folder.path, 'app.mjs')}:3</h2>`)
    expect(text).not.toContain('nobody may read this')
  }

  await get('/shop')
  const python = await after('lib.py', 'word = nothing', '/shop')
  expect(python.text).toContain(`<h2>${join(folder.path, 'lib.py')}:1</h2>`)

  expect((await ask(['status'], folder.path, environment)).out).toMatch(/gateway \d+, process \d+: serves/)
  expect((await ask(['stop'], folder.path, environment)).code).toBe(0)
  expect((await one.ended).code).toBe(0)
})

test(
  'a configuration with a mistake is told in the browser, and a mended one is served',
  { timeout: 60_000 },
  async () => {
    rmSync(join(folder.path, 'sidegate.config.json'), { force: true })
    const config = (mount: string): string => `listen: ['http://127.0.0.1:0']\nmounts:\n  /: { ${mount} }\n`
    folder.write('sidegate.config.yaml', config('respond: 204'))
    const one = folder.run(['dev'], environment)
    const url = `http://127.0.0.1:${await one.port()}`
    expect((await fetch(url)).status).toBe(204)
    folder.write('sidegate.config.yaml', config('respnd: 204'))
    await one.said(/has changed/)
    const broken = await until('it is told', async () => {
      const response = await fetch(url)
      return response.status === 500 ? response.text() : undefined
    })
    expect(broken).toMatch(/sidegate\.config\.yaml:3: .*respnd; did you mean respond\?/)
    folder.write('sidegate.config.yaml', config('respond: 418'))
    await until('it is mended', async () => (await fetch(url)).status === 418)
  },
)

test('the first start without anything to serve says why, and ends', async () => {
  rmSync(join(folder.path, 'sidegate.config.yaml'), { force: true })
  rmSync(join(folder.path, 'sidegate.config.json'), { force: true })
  const { code, err } = await folder.run(['dev'], environment).ended
  expect(code).not.toBe(0)
  expect(err).toMatch(/no sidegate\.config\.ts/)
})
