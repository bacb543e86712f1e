// The command of a run mount: its words, its environment, and the place where it is to listen.
import { constants } from 'node:fs'
import { access, lstat, mkdtemp, rm, stat } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { ConfigError } from '../../errors.ts'
import { socketAddress, type Endpoint } from '../../address.ts'
import { programEnvironment } from '../../processes/environment.ts'
import type { Command } from '../../processes/process.ts'
import { splitWords } from '../../processes/words.ts'
import type { MountContext } from '../mount.ts'
import type { RunSettings } from './settings.ts'

const PLACEHOLDER = /\$(SOCKET|PORT)\b/g

/** A command to be started, each time at another place. */
export class CommandPlan {
  /** For messages: its first word. */
  readonly program: string
  readonly #words: readonly string[]
  readonly #kind: 'SOCKET' | 'PORT'
  readonly #cwd: string
  readonly #env: NodeJS.ProcessEnv
  /** Variables with a placeholder. */
  readonly #placed: readonly (readonly [name: string, value: string])[]
  /** Private to this mount; undefined before `open` and where there are no sockets. */
  folder: string | undefined
  #starts = 0

  /** @throws {ConfigError} RUN_COMMAND, RUN_PLACE */
  constructor(settings: RunSettings, context: MountContext) {
    const path = `${context.path}.run`
    const words = typeof settings.run === 'string' ? splitWords(settings.run) : settings.run
    if (!words) throw new ConfigError('RUN_COMMAND', path, `a quote in ${JSON.stringify(settings.run)} is not closed`)
    if (!words[0]) throw new ConfigError('RUN_COMMAND', path, 'there is no command')
    const texts = [...words, ...Object.values(settings.env)].join('\0')
    const kinds = new Set([...texts.matchAll(PLACEHOLDER)].map(([, name]) => name as 'SOCKET' | 'PORT'))
    const [kind, other] = kinds
    if (!kind || other) {
      const what = kind ? 'has $SOCKET and $PORT' : 'says nowhere where it is to listen'
      throw new ConfigError(
        'RUN_PLACE',
        path,
        `the command ${what}: put one of $SOCKET (a Unix socket) and $PORT (on 127.0.0.1) into it, or into env where it reads its environment: env: { PORT: '$PORT' }`,
      )
    }
    this.program = words[0]
    this.#words = words
    this.#kind = kind
    this.#cwd = resolve(context.directory, settings.cwd ?? '.')
    this.#env = programEnvironment(settings.env)
    this.#placed = Object.entries(settings.env).filter(([, value]) => value.search(PLACEHOLDER) >= 0)
  }

  /** Whether the command could be started. @throws {ConfigError} RUN_CWD, RUN_SPAWN */
  async check(path: string): Promise<void> {
    await this.#demandFolder(path)
    const folders = /[\\/]/.test(this.program) ? [''] : (this.#env.PATH ?? '').split(delimiter)
    for (const folder of folders) {
      if (await isProgram(resolve(this.#cwd, folder, this.program))) return
    }
    const where = folders[0] === '' ? `in ${this.#cwd}` : 'on the PATH'
    throw new ConfigError('RUN_SPAWN', `${path}.run`, `there is no program ${this.program} ${where}: is it installed?`)
  }

  /** @throws {ConfigError} RUN_CWD */
  async open(path: string): Promise<void> {
    await this.#demandFolder(path)
    this.folder = await makeFolder()
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

  /** A place where nobody listens, and the command that is to. */
  async next(): Promise<{ endpoint: Endpoint; command: Command }> {
    const endpoint = this.#kind === 'SOCKET' ? await this.#socket() : await freePort()
    const place = endpoint.kind === 'tcp' ? String(endpoint.port) : socketAddress(endpoint).path
    const fill = (text: string): string => text.replace(PLACEHOLDER, () => place)
    const [file = '', ...args] = this.#words.map(fill)
    const placed = Object.fromEntries(this.#placed.map(([name, value]) => [name, fill(value)]))
    return { endpoint, command: { file, args, cwd: this.#cwd, env: { ...this.#env, [this.#kind]: place, ...placed } } }
  }

  async close(): Promise<void> {
    const { folder } = this
    this.folder = undefined
    if (folder) await rm(folder, { recursive: true, force: true })
  }

  /** A name of its own for each start: what is left of the one before is in nobody's way. */
  async #socket(): Promise<Endpoint> {
    // Old files are cleared away from the system's folder for temporary ones, and the place may be somebody else's by then.
    if (this.folder !== undefined && !(await isOwnFolder(this.folder))) this.folder = await makeFolder()
    return { kind: 'unix', path: join(this.folder!, `${++this.#starts}.sock`) }
  }
}

/** mkdtemp makes it 0700: whoever could connect could pose as any client. */
function makeFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'sidegate-'))
}

async function isOwnFolder(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  return found?.isDirectory() === true && found.uid === (process.getuid?.() ?? found.uid)
}

async function isProgram(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined)
  if (!found?.isFile()) return false
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
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
