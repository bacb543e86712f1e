// The command of a run mount: its words, its environment, and the place where it is to listen.
import { randomUUID } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { ConfigError } from '../../errors.ts'
import { socketAddress, type Endpoint } from '../../address.ts'
import { isWindows } from '../../file-names.ts'
import { Identity } from '../../processes/identity.ts'
import { userCalled } from '../../accounts.ts'
import { commandWords } from '../../processes/command-line.ts'
import { batchAdvice, findProgram, isPlaced } from '../../processes/program.ts'
import type { MountContext } from '../mount.ts'
import { PrivateFolder, type FolderOwner } from './private-folder.ts'
import type { ServerPlan } from './server.ts'
import type { RunSettings } from './settings.ts'

const PLACEHOLDER = /\$(SOCKET|PORT)\b/g

/** A command to be started, each time at another place. */
export class CommandPlan implements ServerPlan {
  /** For messages: its first word. */
  readonly program: string
  readonly #words: readonly string[]
  readonly #platform: NodeJS.Platform | undefined
  readonly #kind: 'SOCKET' | 'PORT'
  readonly #cwd: string
  readonly #env: NodeJS.ProcessEnv
  readonly #identity: Identity
  /** Variables with a placeholder. */
  readonly #placed: readonly (readonly [name: string, value: string])[]
  /** The program, where it was looked for at the start. */
  #found: string | undefined
  readonly #folder: PrivateFolder
  /** It may become somebody else by itself, and has not said whom. */
  readonly #staysRoot: boolean

  /** @throws {ConfigError} RUN_COMMAND, RUN_PLACE; PROCESS_DENIED, OWNER_UNKNOWN; those of Identity */
  constructor(settings: RunSettings, context: MountContext) {
    const path = `${context.path}.run`
    const words = typeof settings.run === 'string' ? commandWords(settings.run, context.platform) : settings.run
    if (typeof words === 'string') throw new ConfigError('RUN_COMMAND', path, words)
    if (!words[0]) throw new ConfigError('RUN_COMMAND', path, 'there is no command')
    const texts = [...words, ...Object.values(settings.env)].join('\0')
    const kinds = new Set([...texts.matchAll(PLACEHOLDER)].map(([, name]) => name as 'SOCKET' | 'PORT'))
    const [kind, other] = kinds
    if (!kind || other) {
      const what = kind ? 'has $SOCKET and $PORT' : 'says nowhere where it is to listen'
      throw new ConfigError(
        'RUN_PLACE',
        path,
        `the command ${what}: put one of $SOCKET (${isWindows(context.platform) ? 'a named pipe' : 'a Unix socket'}) and $PORT (on 127.0.0.1) into it, or into env where it reads its environment: env: { PORT: '$PORT' }`,
      )
    }
    this.program = words[0]
    this.#words = words
    this.#platform = context.platform
    this.#kind = kind
    this.#cwd = resolve(context.directory, settings.cwd ?? '.')
    this.#identity = new Identity(settings, context.path, context.platform)
    this.#env = this.#identity.environment(settings.env)
    this.#staysRoot = process.getuid?.() === 0 && this.#identity.uid === undefined && settings.socketUser === undefined
    this.#folder = new PrivateFolder(folderOwner(settings, this.#identity, context.path))
    this.#placed = Object.entries(settings.env).filter(([, value]) => value.search(PLACEHOLDER) >= 0)
  }

  /** Whether the command could be started. @throws {ConfigError} RUN_CWD, RUN_SPAWN */
  async check(path: string): Promise<void> {
    await this.#demandFolder(path)
    this.#find(path)
  }

  /** @throws {ConfigError} RUN_SPAWN */
  #find(path: string): string {
    const { program } = this
    const whereabouts = { directory: this.#cwd, path: this.#env.PATH ?? '', platform: this.#platform }
    const found = findProgram(program, whereabouts)
    const fail = (message: string): ConfigError => new ConfigError('RUN_SPAWN', `${path}.run`, message)
    if (found?.batch) throw fail(batchAdvice(program, found.file))
    if (found) return found.file
    const where = isPlaced(program, this.#platform) ? `in ${this.#cwd}` : 'on the PATH'
    throw fail(`there is no program ${program} ${where}: is it installed?`)
  }

  /** @throws {ConfigError} RUN_CWD; on Windows RUN_SPAWN, as the system says nothing of batch files */
  async open(path: string): Promise<void> {
    await this.#demandFolder(path)
    if (isWindows(this.#platform)) this.#found = this.#find(path)
    else await this.#folder.open(`${path}.run`)
  }

  async #demandFolder(path: string): Promise<void> {
    const found = await stat(this.#cwd).catch(() => undefined)
    if (!found?.isDirectory()) {
      throw new ConfigError(
        'RUN_CWD',
        `${path}.cwd`,
        `the working directory ${this.#cwd} is ${found ? 'no folder' : 'not there'}`,
      )
    }
  }

  get folder(): string | undefined {
    return this.#folder.path
  }

  async next(): ReturnType<ServerPlan['next']> {
    const endpoint = this.#kind === 'SOCKET' ? await this.#socket() : await freePort()
    const place = endpoint.kind === 'tcp' ? String(endpoint.port) : socketAddress(endpoint).path
    const fill = (text: string): string => text.replace(PLACEHOLDER, () => place)
    const [word = '', ...args] = this.#words.map(fill)
    const file = this.#found ?? word
    const placed = Object.fromEntries(this.#placed.map(([name, value]) => [name, fill(value)]))
    const cwd = this.#cwd
    const command = { file, args, cwd, env: { ...this.#env, [this.#kind]: place, ...placed } }
    return { endpoint, command: this.#identity.wrap(command, cwd) }
  }

  advice(lines: string): string | undefined {
    if (this.#kind !== 'SOCKET' || !this.#staysRoot || !/permission denied|EACCES/i.test(lines)) return undefined
    return 'if it becomes another user before it listens, name that one in socketUser'
  }

  close(): Promise<void> {
    return this.#folder.close()
  }

  async #socket(): Promise<Endpoint> {
    // Whoever knew the name of a pipe could make it first, and be sent the requests.
    return isWindows(this.#platform) ? { kind: 'pipe', name: `sidegate-${randomUUID()}` } : this.#folder.next()
  }
}

/** The command makes its socket there, as the user that it has by then. */
function folderOwner({ socketUser }: RunSettings, identity: Identity, path: string): FolderOwner {
  if (socketUser === undefined) return identity
  const setting = `${path}.socketUser`
  const own = process.getuid?.()
  if (own !== 0 || identity.uid !== undefined) {
    const why =
      own === 0
        ? 'the command is not started as root (process.user), so that it can become nobody else'
        : 'only root can become somebody else, and the gateway does not run as root'
    throw new ConfigError('PROCESS_DENIED', setting, `${why}: leave it out`)
  }
  const { uid, gid = uid } = userCalled(String(socketUser), setting)
  return { uid, gid }
}

/** A port that was free a moment ago; who loses it to somebody else ends, and is started anew on another. */
function freePort(): Promise<Endpoint> {
  return new Promise((done, failed) => {
    const server = createServer().on('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => done({ kind: 'tcp', host: '127.0.0.1', port }))
    })
  })
}
