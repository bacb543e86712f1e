// From the path of a request to a PHP script, and the variables that PHP needs to run it. What runs is a file that is there, below the
// root, whose own name ends as scripts end: `/upload/evil.jpg/x.php` is no such file, so evil.jpg never runs (the classic hole of a PATH_INFO
// that is only cut out of the path). Segments that begin with a dot are nobody's.
import { realpath, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ConfigError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { folded, isBelow, isPlainPath, isWindows } from '../file-names.ts'
import { copyVariables, type Variables } from '../variables.ts'
import { redirectToFolder, refuse } from './files/answer.ts'
import type { MountContext } from './mount.ts'
import type { ScriptSettings } from './script-settings.ts'

/** Where scripts are, and which. */
export interface ScriptOptions {
  /** Absolute, without symbolic links. */
  readonly root: string
  /** `root` as the server sees it. */
  readonly scriptRoot: string
  readonly index: readonly string[]
  readonly split: readonly string[]
  readonly frontController: string | undefined
  readonly followSymlinks: boolean
  readonly platform?: NodeJS.Platform | undefined
}

/** What a path is: a request that can be sent, a folder without its slash, or nothing. */
export type FoundScript = { kind: 'script'; variables: Variables } | { kind: 'folder' } | { kind: 'none' }

/** Finds the scripts of one folder. */
export class Scripts {
  readonly #options: ScriptOptions

  constructor(options: ScriptOptions) {
    this.#options = options
  }

  /**
   * The scripts of a mount; undefined when its settings name no root.
   * @param other what of the mount does not speak FastCGI, and is left to find its own files
   * @throws {ConfigError} UPSTREAM_ROOT
   */
  static async open(
    settings: ScriptSettings,
    context: Pick<MountContext, 'path' | 'directory' | 'platform'>,
    other: string | undefined,
  ): Promise<Scripts | undefined> {
    const { root: named, scriptRoot, index, split, frontController, followSymlinks } = settings
    const wrong = (setting: string, message: string): ConfigError =>
      new ConfigError('UPSTREAM_ROOT', `${context.path}.${setting}`, message)
    if (named === undefined) {
      if (frontController === undefined && scriptRoot === undefined) return undefined
      const setting = frontController === undefined ? 'scriptRoot' : 'frontController'
      throw wrong(setting, `${setting} needs root, the folder of the scripts`)
    }
    if (other !== undefined) throw wrong('root', `root is for PHP by FastCGI; ${other} finds its own files`)
    const root = resolve(context.directory, named)
    const found = await stat(root).catch(() => undefined)
    if (!found?.isDirectory()) {
      throw wrong('root', `${named} ${found ? 'is no folder' : 'is not there'} (${root})`)
    }
    const real = await realpath(root)
    const { platform } = context
    return new Scripts({
      root: real,
      scriptRoot: scriptRoot ?? real,
      index,
      split,
      frontController,
      followSymlinks,
      platform,
    })
  }

  /**
   * Has an exchange ask for the script that its path names. False when there is none and the exchange is answered, or its client gone.
   */
  async aim(exchange: Exchange): Promise<boolean> {
    const found = await this.find(exchange.variables)
    if (exchange.aborted) return false
    if (found.kind === 'script') exchange.variables = found.variables
    else if (found.kind === 'folder') redirectToFolder(exchange)
    else refuse(exchange, 404)
    return found.kind === 'script'
  }

  /** What PATH_INFO names. */
  async find(variables: Variables): Promise<FoundScript> {
    const path = variables.PATH_INFO || '/'
    // The router has resolved dot segments.
    if (!path.startsWith('/') || /\/\.|\0/.test(path)) return { kind: 'none' }
    for (const end of this.#ends(path)) {
      const script = path.slice(0, end)
      const found = await this.#look(script)
      if (found === 'file') return this.#run(variables, script, path.slice(end))
      if (found === 'none') break
    }
    const found = await this.#look(path)
    if (found === 'folder') {
      if (!path.endsWith('/')) return { kind: 'folder' }
      for (const index of this.#options.index) {
        if ((await this.#look(path + index)) === 'file') return this.#run(variables, path + index, '')
      }
    }
    const { frontController } = this.#options
    // Other files are served by a files mount, not by a script.
    if (found === 'file' || frontController === undefined) return { kind: 'none' }
    return this.#run(variables, frontController, '')
  }

  /** Where segments that are named like scripts end. */
  *#ends(path: string): Generator<number> {
    for (let end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
      const stop = end < 0 ? path.length : end
      if (this.#suffixes(path.slice(0, stop)).some((suffix) => path[stop - suffix.length - 1] !== '/')) yield stop
      if (end < 0) return
    }
  }

  async #look(path: string): Promise<'file' | 'folder' | 'none'> {
    const { root, followSymlinks, platform } = this.#options
    if (isWindows(platform) && !isPlainPath(path)) return 'none'
    // Latin-1 characters are the bytes of the path.
    const file = Buffer.concat([Buffer.from(root), Buffer.from(path, 'latin1')])
    try {
      const found = await stat(file)
      if (found.isDirectory()) return 'folder'
      if (!found.isFile()) return 'none'
      if (followSymlinks) return 'file'
      const real = await realpath(file)
      // A link may lead to another script of the root, not out of it, and not to what is no script.
      if (!isBelow(real, root, platform)) return 'none'
      return this.#suffixes(path).length > 0 && this.#suffixes(real).length === 0 ? 'none' : 'file'
    } catch {
      return 'none'
    }
  }

  /** Those of scripts that a path ends with. */
  #suffixes(path: string): string[] {
    const { split, platform } = this.#options
    return split.filter((suffix) => folded(path.slice(-suffix.length), platform) === folded(suffix, platform))
  }

  /** RFC 3875 4.1.5, 4.1.6, 4.1.13, and what PHP wants beside: SCRIPT_FILENAME, DOCUMENT_ROOT, REDIRECT_STATUS. */
  #run(variables: Variables, script: string, info: string): FoundScript {
    const { scriptRoot } = this.#options
    const root = Buffer.from(scriptRoot).toString('latin1')
    const sent = copyVariables(variables)
    sent.SCRIPT_NAME = (variables.SCRIPT_NAME ?? '') + script
    sent.SCRIPT_FILENAME = root + script
    sent.DOCUMENT_ROOT = root
    sent.DOCUMENT_URI = sent.SCRIPT_NAME + info
    sent.PATH_INFO = info
    if (info === '') delete sent.PATH_TRANSLATED
    else sent.PATH_TRANSLATED = root + info
    sent.QUERY_STRING ??= ''
    sent.GATEWAY_INTERFACE ??= 'CGI/1.1'
    // PHP built with --enable-force-cgi-redirect runs nothing without it.
    sent.REDIRECT_STATUS = '200'
    return { kind: 'script', variables: sent }
  }
}
