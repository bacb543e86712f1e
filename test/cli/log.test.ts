// The log of the real command: what apps print and peers send is one escaped line, and a reader that does not read costs no memory.
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { talk, uwsgiRequest } from '../listen/peer.ts'
import { until } from '../harness.ts'
import { commandFolder } from './command-folder.ts'
import type { Sidegate } from './sidegate.ts'

const folder = commandFolder()
const { write } = folder

function serve(...words: readonly string[]): Sidegate {
  const one = folder.run(['serve', ...words, '--listen', '127.0.0.1:0'])
  return one
}

const FORGED = '2026-01-02T03:04:05Z 192.0.2.1 http admin "GET /forged" 200 0 0.0ms / r-2'
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/

test.each(['text', 'json'])(
  '%s: neither peers nor apps write lines of their own or reach the terminal',
  async (format) => {
    write(
      'raises.ts',
      `export const app = (environ: any) => {
  environ['wsgi.errors'].write('errors \\x1b[31m\\r${FORGED}\\n')
  throw new Error('raised \\x1b[2J\\n${FORGED}')
}`,
    )
    write(
      'prints.py',
      `import sys
def application(environ, start_response):
    print('python \\x1b[31m\\x9b2J\\r${FORGED}', flush=True)
    environ['wsgi.errors'].write('wsgi \\x1b[31m\\r${FORGED}\\n')
    raise ValueError('value \\x1b[2J\\n${FORGED}')
`,
    )
    mkdirSync(join(folder.path, 'bin'), { recursive: true })
    write(
      'bin/prints',
      `#!/bin/sh
printf 'script \\033[31m\\r${FORGED.replaceAll('"', '')}\\n' >&2
printf 'Content-Type: text/plain\\n\\nok'
`,
    )
    chmodSync(join(folder.path, 'bin/prints'), 0o755)
    const one = serve('app:./raises.ts', '/python=python:prints', '/bin=cgi:bin', '--log-format', format)
    const address = `127.0.0.1:${(await one.said(/listening (?:on )? *127\.0\.0\.1:([0-9]+)/))[1]}`
    await talk(address, uwsgiRequest('/', { HTTP_HOST: `a\n${FORGED}`, REMOTE_ADDR: `b\n${FORGED}` }))
    await talk(address, uwsgiRequest('/raises', { HTTP_HOST: 'a\x9b31m' }))
    await talk(address, uwsgiRequest('/python'))
    await talk(address, uwsgiRequest('/bin/prints'))
    for (const [what] of ['errors', 'raised', 'python', 'wsgi', 'value', 'script'].entries())
      await one.said(new RegExp(['errors', 'raised', 'python', 'wsgi', 'value', 'script'][what]!))
    const { out, err } = await one.stop()
    expect(`${out}${err}`).not.toMatch(CONTROL)
    for (const line of `${out}\n${err}`.split('\n')) expect(line).not.toMatch(/^2026-01-02/)
    if (format === 'json') for (const line of `${out}${err}`.trim().split('\n')) JSON.parse(line)
  },
)

test.each(['text', 'json'])('%s: warnings of Node.js are records', async (format) => {
  write(
    'warns.ts',
    `export const app = (environ: any, startResponse: any) => {
  process.emitWarning('warned \\x1b[2J\\n${FORGED}', 'DeprecationWarning')
  startResponse('200 OK', [])
  return []
}`,
  )
  const one = serve('app:./warns.ts', '--log-format', format)
  const address = `127.0.0.1:${(await one.said(/listening (?:on )? *127\.0\.0\.1:([0-9]+)/))[1]}`
  await talk(address, uwsgiRequest('/'))
  await one.said(/Node\.js warns: warned/)
  const { err } = await one.stop()
  expect(err).not.toMatch(CONTROL)
  expect(err).toContain('DeprecationWarning: warned')
  for (const line of err.split('\n')) expect(line).not.toMatch(/^2026-01-02|^\(/)
  if (format === 'json') for (const line of err.trim().split('\n')) JSON.parse(line)
})

const REQUESTS = 300

/** Much log at little cost: long paths, 18 MB in all. */
async function fill(port: number): Promise<void> {
  const bytes = uwsgiRequest(`/${'x'.repeat(60_000)}`, { PATH_INFO: '/' })
  for (let count = 0; count < REQUESTS; count += 10) {
    await Promise.all(Array.from({ length: 10 }, () => talk(`127.0.0.1:${port}`, bytes)))
  }
}

test('an access log that nobody reads is dropped beyond 8 MiB, which is said; later it goes on', async () => {
  const one = serve('/=respond:200')
  const port = await one.port()
  one.pause('stdout')
  await fill(port)
  await one.said(/warn nobody reads the access log \(stdout\): .* code=LOG_FULL/)
  one.resume('stdout')
  const [, dropped] = await one.said(/warn ([0-9]+) lines of the access log were dropped .* code=LOG_FULL/)
  await until('the other lines', () => one.out.split('\n').length - 1 + Number(dropped) >= REQUESTS)
  expect(Number(dropped)).toBeGreaterThan(100)
  expect((await fetch(`http://127.0.0.1:${port}/after`)).status).toBe(200)
  await until('a line after the gap', () => one.out.includes('/after'))
  const { out, err } = await one.stop()
  expect(out.split('\n')).toHaveLength(REQUESTS - Number(dropped) + 2)
  expect(err.match(/LOG_FULL/g)).toHaveLength(2)
})

test('it can be stopped while nobody reads its log', async () => {
  const one = serve('/=respond:200')
  const port = await one.port()
  one.pause('stdout')
  await fill(port)
  one.signal('SIGTERM')
  await one.said(/stopped/)
  expect(await one.exited).toBe(0)
  expect(one.err).toMatch(/warn [0-9]+ lines of the access log were dropped .* code=LOG_FULL/)
  one.resume('stdout')
})
