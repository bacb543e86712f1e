// One application behind Sidegate behind a real nginx, both from what `sidegate plug` writes and `sidegate serve` reads.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MAIN } from '../built.ts'
import { accepts, freePort, nginx, stopProcess, temporaryFolder, until } from '../harness.ts'
import type { Place, RealApp } from './app.ts'
import { folderOf, install, prepare, versionOf } from './install.ts'
import { Visitor } from './visitor.ts'

/** What was seen of an application. */
export interface Seen {
  readonly app: RealApp
  readonly version: string
  /** What is typed: its mount, as JSON, with the places that somebody would have in the place of the run's. */
  readonly typed: string
  /** What works, and what does not with the reason. */
  readonly checks: readonly { readonly what: string; readonly wrong?: string }[]
}

const START_MS = 120_000

/** Installs it, serves it and looks at it. @throws {Error} where it does not come so far */
export async function run(app: RealApp): Promise<Seen> {
  const folder = folderOf(app)
  install(app.packages, folder)
  const data = temporaryFolder()
  const place: Place = { folder, data: data.path, port: await freePort() }
  prepare(app.prepare?.(place) ?? [], app.files?.(place) ?? {}, folder)
  const children: ChildProcess[] = []
  const said: string[] = []
  const start = (words: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess => {
    const child = spawn(words[0]!, words.slice(1), {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => said.push(String(bytes)))
    children.push(child)
    return child
  }
  const socket = join(data.path, 'sidegate.sock')
  const config = join(folder, 'sidegate.config.json')
  const mount = app.mount(place)
  writeFileSync(
    config,
    JSON.stringify({ listen: [`unix:${socket}`], host: 'nginx', admin: false, mounts: { [app.at]: mount } }),
  )
  try {
    const own = app.server?.(place)
    const serves = own && start(own.command, own.env)
    if (serves) await until('its server listens', () => listens(serves, `127.0.0.1:${place.port}`), START_MS)
    const gateway = start([process.execPath, MAIN, 'serve', '--config', config])
    await until('Sidegate listens', () => listens(gateway, `unix:${socket}`), START_MS)
    const plugged = spawnSync(process.execPath, [MAIN, 'plug', 'nginx', '--full', '--config', config], {
      encoding: 'utf8',
      cwd: folder,
    })
    if (plugged.status !== 0) throw new Error(plugged.stderr)
    const host = await nginx({ config: plugged.stdout })
    try {
      const visitor = new Visitor(`http://${host.address}`)
      const checks: { what: string; wrong?: string }[] = []
      for (const [what, look] of app.checks) {
        const wrong = await look(visitor, place).then(
          () => undefined,
          (error: unknown) => (error instanceof Error ? error.message : String(error)),
        )
        checks.push(wrong === undefined ? { what } : { what, wrong })
      }
      return { app, version: versionOf(app.packages, folder), typed: typedOf(app, place, mount), checks }
    } finally {
      await host.stop([/.*/])
    }
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${said.join('').slice(-4000)}`, { cause: error })
  } finally {
    for (const child of children.toReversed()) await stopProcess(child)
    if (process.env.APPS_LOG) console.error(said.join(''))
    rmSync(data.path, { recursive: true, force: true })
  }
}

function typedOf(
  { name, at }: RealApp,
  { folder, data, port }: Place,
  mount: Readonly<Record<string, unknown>>,
): string {
  return JSON.stringify({ [at]: mount }, undefined, 2)
    .replaceAll(folder, '.')
    .replaceAll(data, `/srv/${name}`)
    .replaceAll(`:${port}`, ':8080')
}

async function listens(child: ChildProcess, address: string): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} ended with ${child.exitCode}`)
  return accepts(address)
}
