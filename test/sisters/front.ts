// Sidegate behind twisted's reverse proxy: what docs/hosts/twisted.md has of it, word for word, in front of the conformance suite.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { demand } from '../apps/app.ts'
import { MAIN } from '../built.ts'
import { apps, runConformance } from '../conformance/index.ts'
import type { Answer } from '../conformance/answer.ts'
import type { RequestSpec } from '../conformance/case.ts'
import { open } from '../conformance/client.ts'
import { handshake, handshakeKey } from '../conformance/websocket.ts'
import { prefixes } from '../frameworks/mounted.ts'
import type { Prefix } from '../frameworks/framework.ts'
import { freePort, stopProcess, temporaryFolder } from '../harness.ts'
import { start, type Started } from './start.ts'

/** A response without a length that breaks off. */
const BROKEN = `export const app = function* (environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield 'some'
  throw new Error('it breaks off')
}
`

const PAGE = join(import.meta.dirname, '../../docs/hosts/twisted.md')

/** What it does in its own way, as the page says. */
const DIFFERS: ReadonlySet<string> = new Set(['path-bad-escape'])

/** How it went in one place. */
export interface SeenInFront {
  readonly prefix: Prefix
  readonly passed: number
  /** What failed, with the reason. */
  readonly wrong: readonly string[]
}

/** Looks, at `/` and below `/x`. `folder` has twisted in its `.venv`. @throws {Error} where it does not come so far */
export async function lookInFront(folder: string): Promise<SeenInFront[]> {
  const seen: SeenInFront[] = []
  for (const prefix of prefixes) seen.push(await lookAt(prefix, folder))
  return seen
}

async function lookAt(prefix: Prefix, folder: string): Promise<SeenInFront> {
  const scratch = temporaryFolder()
  const [sidegate, front] = [await freePort(), await freePort()]
  const started: Started[] = []
  try {
    const config = join(scratch.path, 'sidegate.config.json')
    const listen = [{ address: `http://127.0.0.1:${sidegate}`, trust: ['127.0.0.1'] }]
    writeFileSync(join(scratch.path, 'broken.mjs'), BROKEN)
    const mounts = { [prefix || '/']: { app: apps.app.pathname, lint: false }, '/broken': { app: './broken.mjs' } }
    writeFileSync(config, JSON.stringify({ listen, mounts, admin: false }))
    started.push(await start([process.execPath, MAIN, 'serve', '--config', config], sidegate))
    const script = /```python\n([^]*?)```/.exec(readFileSync(PAGE, 'utf8'))![1]!
    writeFileSync(
      join(scratch.path, 'proxy.py'),
      script.replace('listenTCP(8080', `listenTCP(${front}`).replaceAll('3031', String(sidegate)),
    )
    started.push(await start([join(folder, '.venv/bin/python'), join(scratch.path, 'proxy.py')], front))
    const address = `127.0.0.1:${front}`
    const results = await runConformance({ address, transport: 'http', interface: 'app', prefix })
    const wrong = results.flatMap(({ name, result, reason }) => {
      if (DIFFERS.has(name)) return result === 'failed' ? [] : [`${name}: it works, where it is said that it does not`]
      return result === 'failed' ? [`${name}: ${reason}`] : []
    })
    const others: string[] = []
    for (const one of [forgery, breaks, upgrade])
      await one(address, prefix).catch((error: Error) => void others.push(error.message))
    await stopProcess(started[0]!.child)
    const { status } = await ask(address, prefix)
    if (status !== 501) others.push(`without Sidegate the answer is ${status}`)
    return {
      prefix,
      passed: results.filter(({ result }) => result === 'passed').length,
      wrong: [...wrong, ...others],
    }
  } finally {
    for (const { child } of started.toReversed()) await stopProcess(child)
    scratch.remove()
  }
}

function ask(address: string, prefix: string, headers: RequestSpec['headers'] = []): Promise<Answer> {
  const request = { target: `${prefix}/`, headers: [['Host', 'example.org'] as const, ...headers] }
  return open({ address, transport: 'http' }, request).whole()
}

/** What a client says of itself does not arrive. */
async function forgery(address: string, prefix: Prefix): Promise<void> {
  const answer = await ask(address, prefix, [
    ['X-Conformance-Case', 'report'],
    ['X-Forwarded-For', '192.0.2.1'],
    ['X-Forwarded-Host', 'forged.example'],
  ])
  const { headers: seen } = answer.json<{ headers: Record<string, string> }>()
  demand(seen['x-forwarded-for'] === '127.0.0.1', `X-Forwarded-For is ${seen['x-forwarded-for']}`)
  demand(seen.host === 'example.org', `Host is ${seen.host}`)
}

async function breaks(address: string): Promise<void> {
  const { complete } = await ask(address, '/broken')
  demand(!complete, 'a response that breaks off looks complete')
}

/** Sidegate says that it cannot be. */
async function upgrade(address: string, prefix: Prefix): Promise<void> {
  const request = handshake({ target: `${prefix}/`, headers: [['Host', 'example.org']] }, handshakeKey())
  const live = open({ address, transport: 'http' }, request)
  const { status } = await live.head()
  live.destroy()
  demand(status === 501, `a WebSocket is answered with ${status}`)
}
