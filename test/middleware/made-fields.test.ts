// Fields that a layer makes of others, behind a cache: what an app chose by them, it chose by what they were made of.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createGateway, Log, type MountConfig } from '../../sidecar/index.ts'
import { LogText, temporaryFolder } from '../harness.ts'

type Use = NonNullable<MountConfig['use']>

const APP = `let runs = 0
export default (request) => {
  const headers = { Vary: 'X-Lang', 'Cache-Control': 'max-age=60', 'X-Runs': String(++runs) }
  return new Response(request.headers.get('x-lang') ?? 'none', { headers })
}`

/** Asks for one page with each of these fields; gives the texts, the Vary of the last, and how often the app was asked. */
async function ask(use: Use, requests: readonly Record<string, string>[]): Promise<[string[], string | null, number]> {
  const folder = temporaryFolder()
  onTestFinished(folder.remove)
  writeFileSync(join(folder.path, 'app.mjs'), APP)
  const config = {
    listen: ['http://127.0.0.1:0'],
    mounts: { '/': { fetch: './app.mjs', use: ['cache' as const, ...use] } },
  }
  const output = new LogText()
  const gateway = await createGateway(config, { directory: folder.path, log: new Log('text', output, output) })
  onTestFinished(() => gateway.close())
  await gateway.start()
  const texts: string[] = []
  let vary: string | null = null
  let runs = 0
  for (const headers of requests) {
    const response = await fetch(gateway.addresses[0]!.text, { headers })
    vary = response.headers.get('vary')
    runs = Math.max(runs, Number(response.headers.get('x-runs')))
    texts.push(await response.text())
  }
  return [texts, vary, runs]
}

const LANGUAGES = ['de', 'fr', 'de'].map((language) => ({ 'Accept-Language': language }))

test.each<[string, Use]>([
  ['headers, set', [{ headers: { request: { set: { 'X-Lang': '${HTTP_ACCEPT_LANGUAGE}' } } } }]],
  ['headers, default', [{ headers: { request: { default: { 'x-lang': '${HTTP_ACCEPT_LANGUAGE}' } } } }]],
  ['headers, add', [{ headers: { request: { add: { 'X-Lang': ['${HTTP_ACCEPT_LANGUAGE}'] } } } }]],
  ['variables, set', [{ variables: { set: { HTTP_X_LANG: '${HTTP_ACCEPT_LANGUAGE}' } } }]],
  ['variables, default', [{ variables: { default: { HTTP_X_LANG: '${HTTP_ACCEPT_LANGUAGE}' } } }]],
  [
    'one made of one that is made',
    [
      { headers: { request: { set: { 'X-Wish': '${HTTP_ACCEPT_LANGUAGE}' } } } },
      { variables: { set: { HTTP_X_LANG: '${HTTP_X_WISH}' } } },
    ],
  ],
])('%s: each has its own page, and Vary says why', async (_, use) => {
  const [texts, vary, runs] = await ask(use, LANGUAGES)
  expect([texts, runs]).toEqual([['de', 'fr', 'de'], 2])
  expect(vary?.toLowerCase()).toMatch(/^x-lang, .*accept-language$/)
})

test('made of what no field tells, a page is for nobody else', async () => {
  const address = { headers: { request: { set: { 'X-Lang': '${REMOTE_PORT}' } } } }
  const [, , runs] = await ask([address], [{}, {}])
  expect(runs).toBe(2)
})

test('made of nothing, or of the URL, it is as it was', async () => {
  const fixed = { headers: { request: { set: { 'X-Lang': 'de ${PATH_INFO}' } } } }
  expect(await ask([fixed], LANGUAGES)).toEqual([['de /', 'de /', 'de /'], 'X-Lang', 1])
})
