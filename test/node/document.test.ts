// What docs/node.md says of prefixes and of busy apps.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandFolder } from '../cli/command-folder.ts'
import { until } from '../harness.ts'

const folder = commandFolder()
const { write } = folder

write('node.mjs', 'export default (request, response) => response.end(`${request.url} ${request.originalUrl}`)')
write('fetch.mjs', 'export default { fetch: (request) => new Response(new URL(request.url).pathname) }')
write(
  'busy.mjs',
  `import { existsSync, writeFileSync } from 'node:fs'
export default (request, response) => {
  writeFileSync('busy', '')
  while (!existsSync('go'));
  globalThis.done = true
  response.end()
}`,
)
write('quick.mjs', 'export default (request, response) => response.end(String(globalThis.done))')

async function start(...words: string[]): Promise<string> {
  const one = folder.run(['serve', ...words, '--listen', '127.0.0.1:0'])
  return `http://127.0.0.1:${await one.port()}`
}
const get = async (url: string): Promise<string> => (await fetch(url)).text()

test('node strips the prefix from req.url, fetch does not from request.url', async () => {
  const address = await start('/shop=node:./node.mjs', '/edge=fetch:./fetch.mjs')
  expect(await get(`${address}/shop/cart?x`)).toBe('/cart?x /shop/cart?x')
  expect(await get(`${address}/edge/cart?x`)).toBe('/edge/cart')
})

test('a busy app delays every mount', async () => {
  const address = await start('/busy=node:./busy.mjs', '/quick=node:./quick.mjs')
  const busy = get(`${address}/busy`)
  await until('the app is busy', () => existsSync(join(folder.path, 'busy')))
  const quick = get(`${address}/quick`)
  write('go', '')
  expect(await quick).toBe('true')
  await busy
})
