// One mount of each kind with processes is reloaded while it serves: its app is the new one, and no request is lost.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createGateway, Log, type Config, type OwnGateway } from '../../sidecar/index.ts'
import { until } from '../harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
let gateway: OwnGateway | undefined

afterEach(async () => {
  await gateway?.close()
  rmSync(folder, { recursive: true, force: true })
})

const python = (word: string): string => `import time
def application(environ, start_response):
    time.sleep(0.02)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'${word}']
`

const server = (word: string): string => `import { createServer } from 'node:http'
createServer((req, res) => setTimeout(() => res.end('${word}'), 20)).listen(process.env.SOCKET)
`

test('python and run', { timeout: 60_000 }, async () => {
  const write = (word: string): void => {
    writeFileSync(join(folder, 'shop.py'), python(word))
    writeFileSync(join(folder, 'wiki.mjs'), server(word))
    // As deployments have it that keep no times: to bytecode that Python has kept, a source of this time and size is the one before.
    utimesSync(join(folder, 'shop.py'), 1e9, 1e9)
  }
  write('old')
  const config: Config = {
    listen: ['http://127.0.0.1:0'],
    mounts: {
      '/shop': { python: './shop.py', processes: 2, env: { PYTHONDONTWRITEBYTECODE: '' } },
      '/wiki': { run: [process.execPath, 'wiki.mjs'], env: { SOCKET: '$SOCKET' }, speaks: 'http' },
    },
  }
  const log = new Log('text', { write: () => {} }, { write: () => {} })
  gateway = await createGateway(config, { directory: folder, log })
  await gateway.start()
  const url = gateway.addresses[0]!.text
  for (const key of ['/shop', '/wiki']) {
    write('old')
    await gateway.reload(key)
    const answers = { old: 0, new: 0 }
    let going = true
    const ask = async (): Promise<void> => {
      while (going) {
        const response = await fetch(url + key)
        expect(response.status).toBe(200)
        answers[(await response.text()) as 'old' | 'new']++
      }
    }
    const load = Array.from({ length: 8 }, ask)
    await until('an answer of the one before', () => answers.old > 0)
    write('new')
    await gateway.reload(key)
    expect(await (await fetch(url + key)).text()).toBe('new')
    await until('an answer of the one after it', () => answers.new > 0)
    going = false
    await Promise.all(load)
    expect(gateway.report.mounts.find((mount) => mount.key === key)).toMatchObject({ failed: 0, abandoned: 0 })
  }
})
