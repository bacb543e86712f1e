// What the cache keeps of scripts and programs that end as if they had failed, though they have answered.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { createGateway, Log, type MountConfig, type OwnGateway } from '../../sidecar/index.ts'
import { fastcgi } from '../../sidecar/wire/fastcgi.ts'
import { LogText, temporaryFolder } from '../harness.ts'
import { rawUpstream } from '../upstream/servers.ts'
import { end, record } from '../wire/build.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Asks twice, for what `mount` gives, with a cache in front of it; with the log. */
async function twice(mount: MountConfig): Promise<{ texts: string[]; log: string }> {
  const text = new LogText()
  const config = { listen: ['http://127.0.0.1:0'], mounts: { '/': { ...mount, use: [{ cache: 60 }] } } }
  const gateway: OwnGateway = await createGateway(config, { directory: folder.path, log: new Log('text', text, text) })
  closing.push(() => gateway.close())
  await gateway.start()
  const ask = async (): Promise<string> => (await fetch(gateway.addresses[0]!.text)).text()
  return { texts: [await ask(), await ask()], log: text.text }
}

test.each([
  ['ends with 0', '', 'exit 0', 1],
  ['ends with another code', '', 'exit 4', 2],
  ['ends with another code behind all of its Content-Length', 'Content-Length: 6', 'exit 4', 1],
  ['is killed behind all of its Content-Length', 'Content-Length: 6', 'kill -SEGV $$', 1],
])('a page of a script that %s is whole, and kept or not', async (name, field, last, runs) => {
  const runsOf = join(folder.path, `${name}.runs`)
  const lines = [
    '#!/bin/sh',
    `echo run >> "${runsOf}"`,
    `printf 'Content-Type: text/plain\\n${field === '' ? '' : `${field}\\n`}\\npage 1'`,
    last,
  ]
  const script = join(folder.path, `${name}.sh`)
  writeFileSync(script, `${lines.join('\n')}\n`)
  chmodSync(script, 0o755)
  const { texts, log } = await twice({ cgi: script })
  expect(texts).toEqual(['page 1', 'page 1'])
  expect(readFileSync(runsOf, 'utf8').split('\n')).toHaveLength(runs + 1)
  expect(log.includes('CGI_EXIT')).toBe(last !== 'exit 0')
})

test.each([
  ['0', 0, '', 1],
  ['3, in one piece with the page', 3, '', 2],
  ['3, behind all of its Content-Length', 3, 'Content-Length: 4\r\n', 1],
])('a FastCGI response with appStatus %s', async (_, status, field, asked) => {
  let requests = 0
  const server = await rawUpstream((socket) => {
    const codec = fastcgi.server()
    socket.on('data', (bytes) => {
      if (!codec.receive(bytes).some(({ type }) => type === 'end')) return
      requests++
      const page = record(6, 1, `Content-Type: text/plain\r\n${field}\r\npage`)
      socket.end(Buffer.concat([page, record(6, 1), end(1, 0, status)]))
    })
  })
  closing.push(() => server.close())
  const { texts, log } = await twice({ upstream: `fastcgi://127.0.0.1:${server.port}` })
  expect([texts, requests]).toEqual([['page', 'page'], asked])
  expect(log.includes('ended its response with exit code 3')).toBe(status === 3)
})

test.each([
  ['with a FastCGI server that has failed, in one piece', 3, 'no-store'],
  ['with one that has not', 0, 'max-age=60'],
])('a cache on the way is told: %s', async (_, status, expected) => {
  const server = await rawUpstream((socket) => {
    const codec = fastcgi.server()
    socket.on('data', (bytes) => {
      if (!codec.receive(bytes).some(({ type }) => type === 'end')) return
      const fields = 'Content-Type: text/plain\r\nCache-Control: max-age=60\r\nX-Accel-Expires: 60\r\n\r\npage'
      socket.end(Buffer.concat([record(6, 1, fields), record(6, 1), end(1, 0, status)]))
    })
  })
  closing.push(() => server.close())
  const text = new LogText()
  const config = { listen: ['http://127.0.0.1:0'], mounts: { '/': { upstream: `fastcgi://127.0.0.1:${server.port}` } } }
  const gateway = await createGateway(config, { directory: folder.path, log: new Log('text', text, text) })
  closing.push(() => gateway.close())
  await gateway.start()
  const response = await fetch(gateway.addresses[0]!.text)
  expect(await response.text()).toBe('page')
  expect(response.headers.get('cache-control')).toBe(expected)
  expect(response.headers.has('x-accel-expires')).toBe(status === 0)
})

test('and of a script that failed behind its head, with nothing of its page', async () => {
  const script = join(folder.path, 'head.sh')
  const head = 'Content-Type: text/plain\\nCache-Control: max-age=60\\n\\n'
  writeFileSync(script, `#!/bin/sh\nprintf '${head}'\nexit 4\n`, { mode: 0o755 })
  const text = new LogText()
  const config = { listen: ['http://127.0.0.1:0'], mounts: { '/': { cgi: script } } }
  const gateway = await createGateway(config, { directory: folder.path, log: new Log('text', text, text) })
  closing.push(() => gateway.close())
  await gateway.start()
  const response = await fetch(gateway.addresses[0]!.text)
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
})
