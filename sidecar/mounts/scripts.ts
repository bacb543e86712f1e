// From the path of a request to a PHP script, and the variables that PHP needs to run it, or to a file beside the scripts. What runs is a
// file that is there, below the root, whose own name ends as scripts end: `/upload/evil.jpg/x.php` is no such file, so evil.jpg never runs (the
// classic hole of a PATH_INFO that is only cut out of the path). Segments that begin with a dot are nobody's.
import { realpath, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ConfigError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { folded, isBelow, isPlainPath, isWindows } from '../file-names.ts'
import { copyVariables, type Variables } from '../variables.ts'
import { redirectToFolder, refuse } from './files/answer.ts'
import { FileSender } from './files/send.ts'
import type { MountContext } from './mount.ts'
import { belowPaths, RuledPaths, type ScriptRules } from './script-rules.ts'
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
  /** The front controller gets the path as its PATH_INFO. Default: false. */
  readonly frontPathInfo?: boolean | undefined
  readonly followSymlinks: boolean
  readonly rules: RuledPaths
  /** Sends what is no script; undefined: nobody does. */
  readonly files: FileSender | undefined
  readonly platform?: NodeJS.Platform | undefined
}

/** What a path is: a request that can be sent, a file to send, a folder without its slash, or nothing. */
export type FoundScript =
  | { kind: 'script'; variables: Variables }
  | { kind: 'file'; path: string }
  | { kind: 'folder' }
  | { kind: 'none' }

const NONE: FoundScript = { kind: 'none' }

/** Settings that mean nothing without a folder. */
const NEEDING_ROOT = ['frontController', 'scriptRoot', 'static', 'closed', 'uploads'] as const

/** How a folder of scripts is used. */
export interface FolderOptions {
  /** `root` as the server sees it. Default: as it is, without links. */
  readonly scriptRoot?: string | undefined
  readonly index: readonly string[]
  readonly split: readonly string[]
  readonly frontController?: string | undefined
  readonly frontPathInfo?: boolean | undefined
  readonly followSymlinks: boolean
  readonly rules: ScriptRules
  /** Files that are no scripts are served. */
  readonly serves: boolean
  /** Of these, in seconds. */
  readonly maxAge: number
}

/** The scripts of a folder that is there. */
export async function openScripts(
  root: string,
  options: FolderOptions,
  { scripts = [], platform }: Pick<MountContext, 'scripts' | 'platform'>,
): Promise<Scripts> {
  const { serves, maxAge, followSymlinks, scriptRoot } = options
  const rules = new RuledPaths(options.rules)
  const real = await realpath(root)
  const withheld = (path: string): boolean => !rules.isServed(path)
  const foreign = (path: string): boolean => rules.isUpload(path)
  const sending = { index: [], maxAge, dotfiles: true, followSymlinks, scripts, withheld, foreign, platform }
  return new Scripts({
    ...options,
    root: real,
    scriptRoot: scriptRoot ?? real,
    frontController: options.frontController,
    rules,
    files: serves ? await FileSender.open(root, sending) : undefined,
    platform,
  })
}

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
    context: Pick<MountContext, 'path' | 'directory' | 'platform' | 'scripts'>,
    other: string | undefined,
  ): Promise<Scripts | undefined> {
    const { root: named } = settings
    const wrong = (setting: string, message: string): ConfigError =>
      new ConfigError('UPSTREAM_ROOT', `${context.path}.${setting}`, message)
    if (named === undefined) {
      const setting = NEEDING_ROOT.find((name) => settings[name] !== undefined && settings[name] !== false)
      if (setting === undefined) return undefined
      throw wrong(setting, `${setting} needs root, the folder of the scripts`)
    }
    if (other !== undefined) throw wrong('root', `root is for PHP by FastCGI; ${other} finds its own files`)
    const root = resolve(context.directory, named)
    const found = await stat(root).catch(() => undefined)
    if (!found?.isDirectory()) {
      throw wrong('root', `${named} ${found ? 'is no folder' : 'is not there'} (${root})`)
    }
    const { static: serves, maxAge, closed, uploads, ...others } = settings
    const rules = { closed: belowPaths(closed ?? []), uploads: belowPaths(uploads ?? []) }
    return openScripts(root, { ...others, serves, maxAge, rules }, context)
  }

  /**
   * Has an exchange ask for the script that its path names, or answers it with a file. False when it is answered, or its client gone.
   * @throws {GatewayError} FILE_UNREADABLE
   */
  async aim(exchange: Exchange): Promise<boolean> {
    const found = await this.find(exchange.variables)
    if (exchange.aborted) return false
    if (found.kind === 'script') exchange.variables = found.variables
    else if (found.kind === 'folder') redirectToFolder(exchange)
    else if (found.kind === 'file') await this.#options.files!.answer(exchange, found.path)
    else refuse(exchange, 404)
    return found.kind === 'script'
  }

  /** What PATH_INFO names. */
  async find(variables: Variables): Promise<FoundScript> {
    const { rules, files, frontController } = this.#options
    const path = variables.PATH_INFO || '/'
    // The router has resolved dot segments.
    if (!path.startsWith('/') || path.includes('\0') || rules.isClosed(path)) return NONE
    // Relative links on the page would lead to what is beside the mount.
    if (files && !variables.PATH_INFO && variables.SCRIPT_NAME) return { kind: 'folder' }
    for (const end of this.#ends(path)) {
      const script = path.slice(0, end)
      const found = await this.#look(script)
      if (found === 'file') return rules.mayRun(script) ? this.#run(variables, script, path.slice(end)) : NONE
      if (found === 'none') break
    }
    const found = await this.#look(path)
    if (found === 'folder') {
      if (!path.endsWith('/')) return { kind: 'folder' }
      for (const index of this.#options.index) {
        if ((await this.#look(path + index)) !== 'file') continue
        const shown = this.#show(variables, path + index)
        if (shown !== NONE) return shown
      }
    }
    // One that is not served is not what the front controller is for either: nobody learns more of it.
    if (found === 'file') return this.#show(variables, path)
    const instead = rules.inPlaceOf(path) ?? frontController
    return instead === undefined ? NONE : this.#run(variables, instead, this.#options.frontPathInfo ? path : '')
  }

  /** A file that is there, as script or as it is. */
  #show(variables: Variables, path: string): FoundScript {
    const { rules, files } = this.#options
    if (this.#suffixes(path).length > 0) return rules.mayRun(path) ? this.#run(variables, path, '') : NONE
    return files && rules.isServed(path) ? { kind: 'file', path } : NONE
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
      const isScript = this.#suffixes(path).length > 0
      if (followSymlinks && !isScript) return 'file'
      const real = await realpath(file)
      const inside = isBelow(real, root, platform)
      if (isScript && inside && this.#isShut(real, path)) return 'none'
      if (followSymlinks) return 'file'
      // A link may lead to another script of the root, not out of it, and not to what is no script.
      return !inside || (isScript && this.#suffixes(real).length === 0) ? 'none' : 'file'
    } catch {
      return 'none'
    }
  }

  /** Whether a script is closed or has been put there by clients, whatever a link to it is called. `real`: below the root. */
  #isShut(real: string, path: string): boolean {
    const { root, rules, platform } = this.#options
    const text = Buffer.from(real.slice(root.replace(/[\\/]$/, '').length)).toString('latin1')
    const below = isWindows(platform) ? text.replaceAll('\\', '/') : text
    return rules.isClosed(below) || (rules.isUpload(below) && !rules.isUpload(path))
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
