// What `npm start` shows, as a browser sees it.
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { temporaryFolder } from '../harness.ts'
import { Sidegate } from './sidegate.ts'

const root = join(import.meta.dirname, '../..')

let running: Sidegate | undefined
afterEach(async () => {
  await running?.stop()
  running = undefined
})

/** Follows every link of every page from `/` on; gives the status of each. `/clock` takes ten seconds: its first line is enough. */
async function browse(origin: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  const waiting = ['/']
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const response = await fetch(origin + path)
    found[path] = response.status
    if (path === '/clock') {
      const reader = response.body!.getReader()
      await reader.read()
      await reader.cancel()
      continue
    }
    const text = await response.text()
    for (const [, href] of text.matchAll(/href="([^"]+)"/g)) {
      const { pathname, search } = new URL(href!, origin + path)
      const link = pathname + search
      if (!(link in found) && !waiting.includes(link)) waiting.push(link)
    }
  }
  return found
}

test('npm start: every link of the four mounts leads somewhere', async () => {
  running = new Sidegate(['serve', '-c', 'examples/sidegate.config.ts', '-l', '127.0.0.1:0'], root)
  const origin = `http://127.0.0.1:${await running.port()}`
  const found = await browse(origin)
  expect(Object.keys(found)).toEqual(
    expect.arrayContaining(['/hello?name=you', '/express/notes.json', '/shop/plum', '/static/style.css']),
  )
  expect(new Set(Object.values(found))).toEqual(new Set([200]))
  const body = new URLSearchParams({ count: '3', note: 'from a test' })
  expect(await (await fetch(`${origin}/shop/plum`, { method: 'POST', body })).text()).toContain('3 × plum: 6 coins')
  expect(await (await fetch(`${origin}/express`, { method: 'POST', body })).text()).toContain('from a test')
})

const interpreter = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'
const flask = spawnSync(interpreter, ['-c', 'import flask']).status === 0

test.skipIf(!flask)('the shop in Flask (needs Flask)', async () => {
  const folder = temporaryFolder()
  try {
    const shop = { python: 'shop', cwd: join(root, 'examples/flask'), interpreter }
    const mounts = { '/shop': shop, '/': { respond: 200 }, '/static': { files: join(root, 'examples/public') } }
    writeFileSync(join(folder.path, 'c.json'), JSON.stringify({ listen: ['127.0.0.1:0'], mounts }))
    running = new Sidegate(['serve', '-c', 'c.json'], folder.path)
    const origin = `http://127.0.0.1:${await running.port()}`
    const page = await (await fetch(`${origin}/shop`)).text()
    expect(page).toContain(`href="/shop/plum"`)
    const body = new URLSearchParams({ count: '3' })
    expect(await (await fetch(`${origin}/shop/plum`, { method: 'POST', body })).text()).toContain('3 × plum: 6 coins')
  } finally {
    folder.remove()
  }
})
