// Where it happens: Sidegate below its supervisor, a real nginx in front, a server for the upstream behind.
import { spawn, type ChildProcess } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
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

/** Worker processes of the mounts that have several, and threads of each in Python. */
const WORKERS = 2
export const THREADS = 4

/** The mount that is asked for too much. Seconds. */
export const NARROW = { threads: 2, queue: 8, queueTimeout: 5, abortTimeout: 1, killTimeout: 1 }
const ELASTIC = { min: 1, max: 3, idle: 1 }
const LATE = { requestTimeout: 0.3 }

/** The mount whose workers do not stay long. Seconds, and bytes. */
const FRESH = {
  threads: THREADS,
  recycle: { requests: 150, touch: 'touched', killMemory: 300e6 },
}

/** The mount whose workers stay for a moment only. Seconds, and bytes; its workers have a tenth of that at rest. */
const BRIEF = {
  threads: THREADS,
  recycle: { age: 5, memory: 150e6, at: everyMinute() },
}

/** What that mount has instead, to have many workers replaced in a minute. */
export const TIMED = { processes: 7, recycle: { at: everyMinute() } }

/** The command that is replaced now and then. */
const COMMAND = { recycle: { requests: 250 } }

/** Without a worker at rest. Seconds. */
const RARE = { processes: { min: 0, max: 2, idle: 1 }, threads: THREADS }

/** For apps in JavaScript that run in worker processes: seconds, and megabytes. */
const JS_WORKERS = { processes: WORKERS, stuckTimeout: 2, heap: 48 }

/** What is asked all the time. */
export const MOUNTS: readonly LoadedMount[] = [
  { name: 'app', weight: 20, webSockets: false, streams: true },
  { name: 'node', weight: 25, webSockets: true, streams: true },
  { name: 'fetch', weight: 10, webSockets: false, streams: true },
  { name: 'workers', weight: 20, webSockets: true, streams: true },
  { name: 'fresh', weight: 8, webSockets: false, streams: true },
  { name: 'brief', weight: 8, webSockets: false, streams: true },
  { name: 'python', weight: 25, webSockets: false, streams: true },
  { name: 'run', weight: 12, webSockets: true, streams: true },
  { name: 'upstream', weight: 8, webSockets: true, streams: true },
  { name: 'cgi', weight: 1, webSockets: false, streams: false },
]

/** Those whose app says which version it was loaded with, and is loaded anew by a reload. */
const RELOADED: ReadonlySet<string> = new Set(['app', 'node', 'fetch', 'workers', 'python', 'fresh', 'brief', 'run'])

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
        '/narrow': {
          python: 'chaos_app',
          path: apps,
          cwd: path,
          processes: ELASTIC,
          ...NARROW,
          paths: { '/late': LATE, '/late-loop': LATE },
        },
        '/fresh': { python: 'chaos_app', path: apps, cwd: path, ...FRESH },
        '/brief': { python: 'chaos_app', path: apps, cwd: path, ...BRIEF },
        '/rare': { python: 'chaos_app', path: apps, cwd: path, ...RARE },
        '/workers': { node: join(apps, 'node.mjs'), ...JS_WORKERS },
        '/run': { run: `${node} ${join(apps, 'server.mjs')} $PORT`, speaks: 'http', cwd: path, ...COMMAND },
        '/upstream': { upstream: `http://127.0.0.1:${upstreamPort}` },
        '/cgi': { cgi: join(apps, 'cgi.sh') },
      },
      log: { access: false },
    }
    this.write('version', '0')
    this.write('touched', '')
    this.#upstream = spawn(process.execPath, [join(apps, 'server.mjs'), String(upstreamPort)], {
      cwd: path,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    this.configure({})
    this.sidegate = this.#serve()
  }

  /** Everything is started, but for nginx. */
  static async open(): Promise<Stage> {
    const [port, upstreamPort] = [await freePort(), await freePort()]
    const stage = new Stage(port, upstreamPort)
    try {
      await until('the upstream', () => accepts(`127.0.0.1:${upstreamPort}`))
      await stage.serves()
      return stage
    } catch (error) {
      await stage.close()
      throw error
    }
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

  /** Has another version of Sidegate take over, which is the same one. */
  async upgrade(): Promise<void> {
    const { pid } = await this.gateway()
    this.sidegate.signal('SIGUSR2')
    await until('the gateway of the other version', async () => (await this.gateway()).pid !== pid)
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
      for (const one of RELOADED) if (mount === undefined || mount === one) this.#versions.set(one, version)
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

  /** None while nobody answers: an upgrade hands the admin socket on, too. */
  async #gateways(): Promise<readonly GatewayStatus[]> {
    const status = await this.status().catch(() => undefined)
    return status?.gateways ?? []
  }

  /** The gateway that serves. */
  async gateway(): Promise<GatewayStatus & { report: NonNullable<GatewayStatus['report']> }> {
    return until('a gateway that serves', async () => {
      const one = (await this.#gateways()).find(({ state, report }) => state === 'serves' && report)
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
    if (mount === 'rare') return 0
    return mount === 'python' || mount === 'workers' ? WORKERS : 1
  }

  /** A request that is not part of the load. @returns the status; 0 when there was no whole answer within so many milliseconds */
  ask(path: string, milliseconds: number): Promise<number> {
    return new Promise((resolve) => {
      const sent = request({ host: '127.0.0.1', port: this.port, path: `${path}?apart`, agent: false }, (response) => {
        response.resume().on('error', () => resolve(0))
        response.on('end', () => resolve(response.statusCode!))
      })
      const timer = setTimeout(() => sent.destroy(), milliseconds)
      sent.on('error', () => resolve(0)).on('close', () => clearTimeout(timer))
      sent.end()
    })
  }

  /** Where it listens, as in the configuration. */
  get listen(): readonly string[] {
    return this.#config.listen as string[]
  }

  /** The workers of a mount, once as many are ready as there are to be. */
  allWorkers(mount: string): Promise<readonly number[]> {
    return until(`all workers of ${mount}`, async () => {
      const pids = await this.workers(mount)
      return pids.length === this.processes(mount) ? pids : undefined
    })
  }

  /** Has something done, and throws when it was not. */
  async order(url: string): Promise<void> {
    const { status, body } = await askAdmin(join(this.folder, 'admin.sock'), 'POST', url)
    if (status !== 200) throw new Error(`${url}: ${(body as { message: string }).message}`)
  }

  /** Asks for a reload. @returns why it did not come about; undefined when it did */
  async reload(): Promise<string | undefined> {
    const { status, body } = await askAdmin(join(this.folder, 'admin.sock'), 'POST', '/v1/reload')
    return status === 200 ? undefined : (body as { message: string }).message
  }

  /** Resolves when no gateway is there but the one that serves. */
  async alone(): Promise<void> {
    await until('the end of the gateways before', async () => (await this.#gateways()).length === 1, 60_000)
  }

  /** What the log has that is no good news, since the last time. */
  complaints(): string[] {
    const { err } = this.sidegate
    const end = err.lastIndexOf('\n') + 1
    const lines = err.slice(this.#read, end).split('\n')
    this.#read = end
    // Whoever runs this as root is warned of that with each gateway.
    return lines.filter((line) => / (?:warn|error) /.test(line) && !line.endsWith(' code=ROOT_APPS'))
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

/** Each minute of the day, as the setting has it. */
function everyMinute(): string[] {
  const two = (number: number): string => String(number).padStart(2, '0')
  return Array.from({ length: 24 * 60 }, (_, minute) => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`)
}
