// php-fpm or php-cgi as a command: its words, its environment, its configuration, the socket where it is to listen.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { ConfigError } from '../../errors.ts'
import { isWindows } from '../../file-names.ts'
import { Identity } from '../../processes/identity.ts'
import type { MountContext } from '../mount.ts'
import { PrivateFolder } from '../run/private-folder.ts'
import type { ServerPlan } from '../run/server.ts'
import { fpmConfig, iniValue } from './fpm-config.ts'
import { findPhp, type PhpProgram } from './program.ts'
import { mostProcesses, type PhpSettings } from './settings.ts'

/** Of Debian and what is made from it: who runs what a web server starts. */
const USER = 'www-data'

/** A file of ours alone, which is not there yet: no link leads away. */
const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL

/** PHP to be started. */
export class PhpPlan implements ServerPlan {
  readonly stopSignal: NodeJS.Signals
  readonly #settings: PhpSettings
  readonly #php: PhpProgram
  readonly #root: string
  readonly #identity: Identity
  readonly #folder: PrivateFolder

  /**
   * @param root absolute
   * @throws {ConfigError} PHP_SYSTEM on Windows; PHP_PROGRAM; PHP_SETTING for what php-cgi cannot do; those of Identity
   */
  constructor(
    settings: PhpSettings,
    context: MountContext,
    root: string,
    uid: number | undefined = process.getuid?.(),
  ) {
    const { path, directory, platform } = context
    if (isWindows(platform)) {
      throw new ConfigError(
        'PHP_SYSTEM',
        `${path}.php`,
        'there is no php-fpm for Windows: mount php-cgi as { run: "php-cgi.exe -b 127.0.0.1:$PORT", speaks: "fastcgi", root: …, static: true }',
      )
    }
    const { slowLog } = settings
    this.#settings = slowLog
      ? { ...settings, slowLog: { ...slowLog, file: resolve(directory, slowLog.file) } }
      : settings
    this.#root = root
    this.#php = findPhp(settings.program, directory, `${path}.program`)
    // What it has in hand, after the response too, is done first; php-cgi does that when it gets SIGTERM.
    this.stopSignal = this.#php.kind === 'fpm' ? 'SIGQUIT' : 'SIGTERM'
    if (this.#php.kind === 'cgi') demandFpm(settings, path, this.#php.file)
    const { process: given } = settings
    const own = uid === 0 && given?.user === undefined ? { process: { ...given, user: USER } } : {}
    this.#identity = new Identity({ ...settings, ...own }, path, platform, uid ?? -1)
    this.#folder = new PrivateFolder(this.#identity)
    this.user = uid === 0 ? String(given?.user ?? USER) : undefined
    if (uid === 0 && this.#identity.uid === undefined) {
      throw new ConfigError('PHP_ROOT', `${path}.process.user`, 'PHP does not run as root: name another user')
    }
  }

  /** As whom PHP runs, where that is somebody else than the gateway. */
  readonly user: string | undefined

  get program(): string {
    return basename(this.#php.file)
  }

  get folder(): string | undefined {
    return this.#folder.path
  }

  open(path: string): Promise<void> {
    return this.#folder.open(`${path}.php`)
  }

  /** Demands that its user can reach the scripts. @throws {ConfigError} PROCESS_FOLDER */
  demandFolder(place: string): Promise<void> {
    return this.#identity.demandFolder(this.#root, place)
  }

  async next(): ReturnType<ServerPlan['next']> {
    const endpoint = await this.#folder.next()
    const { file, kind } = this.#php
    const ini = Object.entries(this.#settings.ini).flatMap(([name, value]) => ['-d', `${name}=${iniValue(value)}`])
    const cwd = this.#root
    const env = this.#identity.environment(
      kind === 'fpm' ? this.#settings.env : { ...this.#settings.env, ...this.#cgi },
    )
    const args =
      kind === 'fpm'
        ? ['-F', '-O', '-y', await this.#writeConfig(endpoint.path), ...ini]
        : ['-b', endpoint.path, ...ini]
    return { endpoint, command: this.#identity.wrap({ file, args, cwd, env }, cwd) }
  }

  /** php-fpm has what a script tells its log in the response as well, where it is known whose request it was. */
  silences(line: string): boolean {
    return this.#php.kind === 'fpm' && line.startsWith('PHP message: ')
  }

  close(): Promise<void> {
    return this.#folder.close()
  }

  /** Without children of its own php-cgi runs one request at a time, and ends after some. */
  get #cgi(): Record<string, string> {
    const { maxRequests } = this.#settings
    return {
      PHP_FCGI_CHILDREN: String(mostProcesses(this.#settings)),
      PHP_FCGI_MAX_REQUESTS: String(maxRequests === 0 ? 2 ** 31 - 1 : maxRequests),
    }
  }

  /** In the folder of the socket, which is its user's: whatever is there already is not followed. */
  async #writeConfig(socket: string): Promise<string> {
    const path = socket.replace(/\.sock$/, '.conf')
    const file = await open(path, NEW, 0o600)
    try {
      const { uid, gid } = this.#identity
      if (uid !== undefined && gid !== undefined) await file.chown(uid, gid)
      await file.writeFile(fpmConfig(this.#settings, socket))
    } finally {
      await file.close()
    }
    return path
  }
}

/** @throws {ConfigError} PHP_SETTING for what php-cgi has not */
function demandFpm({ requestTimeout, slowLog, adminIni }: PhpSettings, path: string, program: string): void {
  const refuse = (setting: string, instead: string): never => {
    throw new ConfigError(
      'PHP_SETTING',
      `${path}.${setting}`,
      `${program} cannot do that: install php-fpm, or ${instead}`,
    )
  }
  if (requestTimeout !== undefined) refuse('requestTimeout', 'set max_execution_time in ini')
  if (slowLog !== undefined) refuse('slowLog', 'leave it out')
  if (Object.keys(adminIni).length > 0)
    refuse('adminIni', 'write them into php.ini, or where scripts may change them into ini')
}
