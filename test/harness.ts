// Real servers for tests: each in a folder of its own, on free ports, waited for, stopped by its process id. The error log of a host is
// part of the result.
import { spawn, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { formatEndpoint } from '../sidecar/address.ts'
import { Gateway, type GatewayOptions } from '../sidecar/gateway.ts'
import { Log } from '../sidecar/log.ts'
import { listenerSettings } from '../sidecar/listen/settings.ts'
import type { MountContext, MountKind } from '../sidecar/mounts/mount.ts'
import * as v from 'valibot'

/** Servers start within this time, however busy the machine. */
const START_MS = 20_000
const LOOK_AGAIN_MS = 10

/** Daemons' folders are not on everybody's PATH. Programs of Linux cannot be started by those of Windows, which see the folders under Wine. */
export const PATH: string = [
  process.env.PATH ?? '',
  ...(process.platform === 'win32' ? [] : ['/usr/sbin', '/usr/local/sbin']),
].join(delimiter)

/** A new folder that every user can enter; `remove` when done. Short, as paths of Unix sockets are. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'sg-'))
  chmodSync(path, 0o755)
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Waits until `found` gives something that counts as true, and gives it. @throws {Error} when it does not in time. */
export async function until<T>(
  what: string,
  found: () => T | Promise<T>,
  milliseconds: number = START_MS,
): Promise<NonNullable<T>> {
  const end = performance.now() + milliseconds
  for (;;) {
    const value = await found()
    if (value) return value
    if (performance.now() > end) throw new Error(`${what}: not within ${milliseconds / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}

/** Waits until `holds` throws nothing, for as long as `until` does. */
export async function eventually(holds: () => unknown): Promise<void> {
  for (const end = performance.now() + START_MS; ;) {
    try {
      await holds()
      return
    } catch (error) {
      if (performance.now() > end) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}

/** Milliseconds of a processor that `run` takes, in this process: on a busy machine those of the clock are many more. */
export async function processorTime(run: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** Below the ports that the system gives out by itself: one of those could be taken before the server that gets this one starts. */
const PORTS = { from: 12_000, to: 32_000 }

/** A port of 127.0.0.1 that nobody uses. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** True when someone accepts connections there: `127.0.0.1:8080` or `unix:/path`. */
export function accepts(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const colon = address.lastIndexOf(':')
    const socket = address.startsWith('unix:')
      ? connect(address.slice(5))
      : connect(Number(address.slice(colon + 1)), address.slice(0, colon))
    socket.on('connect', () => resolve(true) ?? socket.destroy())
    socket.on('error', () => resolve(false))
  })
}

/** The full path of a program, or undefined. */
export function program(name: string): string | undefined {
  return PATH.split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file))
}

/** What to start nginx with. */
export interface NginxOptions {
  /** A complete config, as shipped. Its ports become free ones. */
  readonly config: string
  /** Texts in the config, and what stands there in the test: socket paths, folders. */
  readonly replace?: Readonly<Record<string, string>>
}

/** A running nginx. */
export interface Nginx {
  /** Where the first server block listens: `127.0.0.1:PORT`. */
  readonly address: string
  /** The free port for a port of the config. */
  port(written: number): number
  /** The lines of error.log so far that nginx thinks are errors. */
  complaints(): string[]
  /** Stops it, and throws when its error log has a line that `allowed` does not fit. */
  stop(allowed?: readonly RegExp[]): Promise<void>
}

/** Starts the real nginx with a shipped config. */
export async function nginx({ config, replace = {} }: NginxOptions): Promise<Nginx> {
  const folder = temporaryFolder()
  const errorLog = join(folder.path, 'error.log')
  const ports = new Map<number, number>()
  for (const [, port] of config.matchAll(/\blisten (?:[\d.]+:)?(\d+)/g)) {
    if (!ports.has(Number(port))) ports.set(Number(port), await freePort())
  }
  let text = config.replace(
    /\blisten (?:[\d.]+:)?(\d+)/g,
    (_, port: string) => `listen 127.0.0.1:${ports.get(Number(port))}`,
  )
  for (const [from, to] of Object.entries(replace)) {
    if (!text.includes(from)) throw new Error(`the config does not contain ${from}`)
    text = text.replaceAll(from, to)
  }
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const paths = temporary.map((name) => `${name}_temp_path ${join(folder.path, name)};`).join(' ')
  text = text.replace(/^http \{$/m, `http {\n    ${paths}`)
  writeFileSync(join(folder.path, 'nginx.conf'), text)
  mkdirSync(join(folder.path, 'logs'))
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const directives = `daemon off; ${user} pid ${folder.path}/nginx.pid; error_log ${errorLog};`
  const file = program('nginx')
  if (!file) throw new Error('nginx is not installed')
  const child = spawn(file, ['-p', folder.path, '-c', join(folder.path, 'nginx.conf'), '-g', directives], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (said += piece))
  const address = `127.0.0.1:${[...ports.values()][0]}`
  await until('nginx listens', () => {
    if (child.exitCode !== null) throw new Error(`nginx ended at once:\n${said}`)
    return accepts(address)
  })
  const complaints = (): string[] =>
    readFileSync(errorLog, 'utf8')
      .split('\n')
      .filter((line) => /\[(?:error|crit|alert|emerg)\]/.test(line))
  return {
    address,
    port: (written) => ports.get(written)!,
    complaints,
    async stop(allowed = []) {
      await stopProcess(child, 'SIGQUIT')
      const lines = complaints().filter((line) => !allowed.some((pattern) => pattern.test(line)))
      folder.remove()
      if (lines.length > 0) throw new Error(`nginx complained:\n${lines.join('\n')}`)
    },
  }
}

/** Asks a process to end, and makes it end when it does not within five seconds. */
export async function stopProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await ended
  clearTimeout(timer)
}

/** What a log wrote, as text. */
export class LogText {
  text = ''

  write(piece: string): void {
    this.text += piece
  }
}

/** A gateway in this process. */
export interface TestGateway {
  readonly gateway: Gateway
  /** Where it listens, in the order of `listen`: `127.0.0.1:PORT`, `unix:/path`. */
  readonly addresses: readonly string[]
  readonly log: LogText
  stop(): Promise<void>
}

/** One mount: its kind, and its settings as in the configuration. */
export interface TestMount {
  readonly key: string
  readonly kind: MountKind
  readonly settings: Record<string, unknown>
}

/** What to start a gateway with. */
export interface TestGatewayOptions {
  /** As in the configuration: addresses, or addresses with settings. */
  readonly listen: readonly (string | (Record<string, unknown> & { address: string }))[]
  readonly mounts: readonly TestMount[]
  /** Where relative paths in settings start. */
  readonly directory: string
  readonly host?: string
  readonly drainTimeout?: number
}

/** Starts a gateway in this process, from settings as in the configuration. */
export async function startGateway(options: TestGatewayOptions): Promise<TestGateway> {
  const text = new LogText()
  const log = new Log('text', text, text)
  const mounts = options.mounts.map(({ key, kind, settings }) => {
    const context: MountContext = { key, path: `mounts.${key}`, directory: options.directory, log }
    return { key, mount: kind.create(v.parse(kind.settings, settings), context) }
  })
  const listen = options.listen.map((one) =>
    v.parse(listenerSettings, typeof one === 'string' ? { address: one } : one),
  )
  const found: GatewayOptions = {
    listen,
    mounts,
    log,
    host: options.host,
    drainTimeout: options.drainTimeout ?? 5000,
  }
  const gateway = new Gateway(found)
  await gateway.start()
  const addresses = gateway.addresses.map(({ endpoint }) => formatEndpoint(endpoint))
  return { gateway, addresses, log: text, stop: () => gateway.drain() }
}
