// Where it happens: Sidegate below its supervisor, a real nginx in front, a server for the upstream behind.
import { spawn, type ChildProcess } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AdminStatus, GatewayStatus } from '../../sidecar/admin/status.ts'
import { askAdmin } from '../../sidecar/admin/client.ts'
import { Sidegate } from '../cli/sidegate.ts'
import { accepts, freePort, nginx, stopProcess, temporaryFolder, until, type Nginx } from '../harness.ts'
import type { LoadedMount } from './load.ts'
import { nginxConfig, waysTo, type Way } from './ways.ts'

const apps = join(import.meta.dirname, 'apps')

/** As a shell and a `run` mount read it. */
const node = `'${process.execPath}'`

/** Worker processes of the Python mount, and threads of each. */
const WORKERS = 2
export const THREADS = 4

/** The mount that is asked for too much. Seconds. */
export const NARROW = { threads: 2, queue: 8, queueTimeout: 5, abortTimeout: 1 }

/** What is asked all the time. */
export const MOUNTS: readonly LoadedMount[] = [
  { name: 'app', weight: 20, webSockets: false, streams: true },
  { name: 'node', weight: 25, webSockets: true, streams: true },
  { name: 'fetch', weight: 10, webSockets: false, streams: true },
  { name: 'python', weight: 25, webSockets: false, streams: true },
  { name: 'run', weight: 12, webSockets: true, streams: true },
  { name: 'upstream', weight: 8, webSockets: true, streams: true },
  { name: 'cgi', weight: 1, webSockets: false, streams: false },
]

/** Those whose app says which version it was loaded with, and is loaded anew by a reload. */
const RELOADED: ReadonlySet<string> = new Set(['app', 'node', 'fetch', 'python', 'run'])

type Settings = Record<string, unknown>

/** What is there to be disturbed. */
export class Stage {
  sidegate: Sidegate
  nginx: Nginx | undefined
  readonly folder: string
  readonly #remove: () => void
  readonly port: number
  readonly #upstream: ChildProcess
  readonly #config: Settings
  readonly #versions = new Map<string, number>()
  #version = 0
  /** How much of the log has been looked at. */
  #read = 0
  #readOfNginx = 0

  private constructor(port: number, upstreamPort: number) {
    const { path, remove } = temporaryFolder()
    this.folder = path
    this.#remove = remove
    this.port = port
    this.#config = {
      listen: [`127.0.0.1:${port}`, 'unix:s.sock'],
      mounts: {
        '/app': { app: join(apps, 'app.mjs') },
        '/node': { node: join(apps, 'node.mjs') },
        '/fetch': { fetch: join(apps, 'fetch.mjs') },
        '/python': { python: 'chaos_app', path: apps, cwd: path, processes: WORKERS, threads: THREADS },
        '/narrow': { python: 'chaos_app', path: apps, cwd: path, ...NARROW },
        '/run': { run: `${node} ${join(apps, 'server.mjs')} $PORT`, speaks: 'http', cwd: path },
        '/upstream': { upstream: `http://127.0.0.1:${upstreamPort}` },
        '/cgi': { cgi: join(apps, 'cgi.sh') },
      },
      log: { access: false },
    }
    this.write('version', '0')
    this.#upstream = spawn(process.execPath, [join(apps, 'server.mjs'), String(upstreamPort)], {
      cwd: path,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    this.configure({})
    this.sidegate = this.#serve()
  }

  /** Everything is started, but for nginx. */
  static async open(): Promise<Stage> {
    const [port, upstreamPort] = [await freePort(), await freePort()]
    const stage = new Stage(port, upstreamPort)
    await until('the upstream', () => accepts(`127.0.0.1:${upstreamPort}`))
    await stage.serves()
    return stage
  }

  /** Starts nginx. @returns the ways through it, and past it */
  async ways(): Promise<Way[]> {
    const socket = join(this.folder, 's.sock')
    this.#readOfNginx = 0
    this.nginx = await nginx({ config: nginxConfig({ kind: 'unix', path: socket }) })
    return waysTo(this.nginx, this.port, socket)
  }

  /** Writes a file of the folder where Sidegate and the apps run. */
  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text)
  }

  remove(name: string): void {
    rmSync(join(this.folder, name))
  }

  /** Writes the configuration: that of the start, and these settings in it, those of mounts beside the ones that they have. */
  configure({ mounts = {}, ...others }: Settings & { mounts?: Record<string, Settings> }): void {
    const all = { ...(this.#config.mounts as Record<string, Settings>) }
    for (const [key, settings] of Object.entries(mounts)) all[key] = { ...all[key], ...settings }
    this.write('sidegate.config.json', JSON.stringify({ ...this.#config, ...others, mounts: all }))
  }

  /** The version that the app of a mount has by now at least. */
  readonly version = (mount: string): number | undefined => this.#versions.get(mount)

  /** Apps that are loaded from now on have a new version. @returns says that no older one answers any more, at these mounts or at all */
  newVersion(): (mount?: string) => void {
    const version = ++this.#version
    this.write('version', String(version))
    return (mount) => {
      for (const one of mount === undefined ? RELOADED : [mount]) this.#versions.set(one, version)
    }
  }

  /** Resolves when a Sidegate that was started anew serves. */
  async serves(): Promise<void> {
    await this.sidegate.said(/mounted/)
    await until('the admin socket', () =>
      this.status()
        .then(() => true)
        .catch(() => false),
    )
  }

  /** Starts one again, after the end of the one before. */
  async restart(): Promise<void> {
    this.#read = 0
    this.sidegate = this.#serve()
    await this.serves()
  }

  #serve(): Sidegate {
    return new Sidegate(['serve', '--supervise', '--admin', 'admin.sock'], this.folder)
  }

  async status(): Promise<AdminStatus> {
    return (await askAdmin(join(this.folder, 'admin.sock'), 'GET', '/v1/status')).body as AdminStatus
  }

  /** The gateway that serves. */
  async gateway(): Promise<GatewayStatus & { report: NonNullable<GatewayStatus['report']> }> {
    return until('a gateway that serves', async () => {
      const { gateways } = await this.status()
      const one = gateways.find(({ state, report }) => state === 'serves' && report)
      return one as (GatewayStatus & { report: NonNullable<GatewayStatus['report']> }) | undefined
    })
  }

  /** The processes of a mount that serve. */
  async workers(mount: string): Promise<readonly number[]> {
    const { report } = await this.gateway()
    return report.mounts.find(({ key }) => key === `/${mount}`)?.mount?.pids ?? []
  }

  /** How many processes of a mount there are to be. */
  processes(mount: string): number {
    return mount === 'python' ? WORKERS : 1
  }

  /** Where it listens, as in the configuration. */
  get listen(): readonly string[] {
    return this.#config.listen as string[]
  }

  /** Asks for a reload. @returns why it did not come about; undefined when it did */
  async reload(): Promise<string | undefined> {
    const { status, body } = await askAdmin(join(this.folder, 'admin.sock'), 'POST', '/v1/reload')
    return status === 200 ? undefined : (body as { message: string }).message
  }

  /** Resolves when no gateway is there but the one that serves. */
  async alone(): Promise<void> {
    await until('the end of the gateways before', async () => (await this.status()).gateways.length === 1, 60_000)
  }

  /** What the log has that is no good news, since the last time. */
  complaints(): string[] {
    const { err } = this.sidegate
    const end = err.lastIndexOf('\n') + 1
    const lines = err.slice(this.#read, end).split('\n')
    this.#read = end
    return lines.filter((line) => / (?:warn|error) /.test(line))
  }

  /** What nginx complained about since the last time. */
  nginxComplaints(): string[] {
    const all = this.nginx!.complaints()
    return all.slice(this.#readOfNginx, (this.#readOfNginx = all.length))
  }

  /** Stops nginx: its connections end. */
  async leave(): Promise<void> {
    await this.nginx?.stop([/./])
    this.nginx = undefined
  }

  /** Ends everything. @returns the exit code of Sidegate */
  async close(): Promise<number | null> {
    const { code } = await this.sidegate.stop()
    await stopProcess(this.#upstream)
    await this.leave()
    this.#remove()
    return code
  }
}
