// From the variables of a request to a file: what is sent of it, and with which head.
import type { Stats } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { STATUS_CODES, type IncomingMessage } from '../../node-http.ts'
import type { SendOptions, send as Send } from '@fastify/send'
import { encodePath, type Variables } from '../../variables.ts'
import { fieldValue } from '../../fields.ts'
import { isBelow, isPlainPath, isWindows } from '../../file-names.ts'
import { isScript, type ScriptPlace } from '../script-places.ts'
import { isAbsent, statusOfFailure, unreadable } from './failure.ts'

/** What a request is answered with. */
export type Found =
  | {
      kind: 'file'
      status: number
      reason: string
      headers: [string, string][]
      path: string
      /** Of the very file that the head tells of. */
      stats: Stats
      /** The bytes to send of it. */
      start: number
      length: number
    }
  | { kind: 'folder' }
  | { kind: 'refused'; status: number; headers: [string, string][] }

/** Asked of the path of a file below the folder, and of what a link in its place leads to. */
export type PathRule = (path: string) => boolean

/** Settings that decide what is found. */
export interface FindOptions {
  readonly index: readonly string[]
  /** Seconds. */
  readonly maxAge: number
  readonly fallback?: string | undefined
  readonly dotfiles: boolean
  readonly followSymlinks: boolean
  /** Where other mounts have scripts: their source is nobody's business. */
  readonly scripts: readonly ScriptPlace[]
  /** What else is not served, by the path of a file below the folder, such as `/a/b.css`. */
  readonly withheld?: PathRule | undefined
  readonly platform?: NodeJS.Platform | undefined
}

/** The request fields that matter: conditions (RFC 9110 13). Ranges (14) have rules of their own, below. */
const FIELDS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'cache-control']

const NOT_FOUND: Found = { kind: 'refused', status: 404, headers: [] }

/** Why a file is not served: thrown through the library. */
class Forbidden extends Error {}

/** Finds files of one folder. */
export class FileFinder {
  readonly #send: typeof Send
  readonly #root: string
  readonly #options: FindOptions
  readonly #windows: boolean
  readonly #sendOptions: SendOptions
  #realRoot: string

  constructor(send: typeof Send, realRoot: string, root: string, options: FindOptions) {
    this.#send = send
    this.#realRoot = realRoot
    this.#root = root
    this.#options = options
    this.#windows = isWindows(options.platform)
    this.#sendOptions = {
      root,
      index: [...options.index],
      maxAge: options.maxAge * 1000,
      dotfiles: options.dotfiles ? 'allow' : 'ignore',
      onFile: (path, stat) => this.#demandOurs(path, stat),
    }
  }

  /** PATH_INFO of a file that was found. */
  pathOf({ path }: Pick<Extract<Found, { kind: 'file' }>, 'path'>): string {
    const below = path.slice(this.#root.replace(/[\\/]$/, '').length)
    return Buffer.from(this.#windows ? below.replaceAll('\\', '/') : below).toString('latin1')
  }

  /** What PATH_INFO names, or `info` in its place. */
  async find(variables: Variables, info: string = variables.PATH_INFO ?? ''): Promise<Found> {
    if (info === '') return variables.SCRIPT_NAME ? { kind: 'folder' } : this.#look('/', variables)
    const hidden = this.#windows && this.#isHidden(info)
    const found = hidden ? NOT_FOUND : await this.#look(encodePath(info), variables)
    if (found !== NOT_FOUND || this.#options.fallback === undefined) return found
    return this.#look(`/${encodePath(this.#options.fallback.replace(/^\.?\//, ''))}`, variables)
  }

  /** On Windows: names that may be those of other files, and the settings of IIS, which are to it what names with a dot are elsewhere. */
  #isHidden(info: string): boolean {
    return !isPlainPath(info) || (!this.#options.dotfiles && /(?:^|\/)web\.config$/i.test(info))
  }

  async #look(path: string, variables: Variables): Promise<Found> {
    const headers: Record<string, string> = {}
    for (const name of FIELDS) {
      const value = fieldValue(variables, name)
      if (value !== undefined) headers[name] = value
    }
    // RFC 9110 14.2: a range means something to GET alone.
    const range = variables.REQUEST_METHOD === 'GET' ? fieldValue(variables, 'range') : undefined
    if (range === undefined) return this.#ask(path, headers)
    const condition = fieldValue(variables, 'if-range')
    const whole = condition === undefined ? undefined : await this.#ask(path, headers)
    if (whole && (whole.kind !== 'file' || whole.status !== 200 || !isUnchanged(whole, condition!))) return whole
    const part = await this.#ask(path, { ...headers, range })
    // Replaced between the two looks: the condition does not hold any more.
    if (whole && part.kind === 'file' && !isSame(part.stats, whole.stats)) return this.#ask(path, headers)
    // 14.1.2: the last bytes of a file that has none are there, and no Content-Range can say so.
    const nothing = part.kind === 'refused' && part.status === 416 && part.headers[0]?.[1] === 'bytes */0'
    return nothing && LAST_BYTES.test(range) ? this.#ask(path, headers) : part
  }

  async #ask(path: string, headers: Record<string, string>): Promise<Found> {
    try {
      // The library reads these two of a request and nothing else.
      const request = { method: 'HEAD', headers } as unknown as IncomingMessage
      const result = await this.#send(request, path, this.#sendOptions)
      if (result.type === 'directory')
        return (await this.#isOurs(result.metadata.path)) ? { kind: 'folder' } : NOT_FOUND
      if (result.type === 'error') {
        const { statusCode, metadata } = result
        if (statusCode < 500) return refusal(statusCode, result.headers)
        const status = statusOfFailure(metadata.error, path)
        return status === 404 ? NOT_FOUND : { kind: 'refused', status, headers: [] }
      }
      const { path: file, stat: stats } = result.metadata
      return { kind: 'file', ...describe(result.statusCode, result.headers), path: file, stats }
    } catch (error) {
      if (error instanceof Forbidden) return NOT_FOUND
      throw error
    }
  }

  async #demandOurs(path: string, stat: Stats): Promise<void> {
    // Reading a FIFO or a device would hang or never end.
    if (
      !stat.isFile() ||
      !(await this.#isOurs(path)) ||
      (await isScript(path, this.#options.scripts, this.#options.platform)) ||
      (await this.isOf(path, this.#options.withheld))
    ) {
      throw new Forbidden(path)
    }
  }

  /** Whether a rule is about a file that was found. `path`: absolute. */
  async isOf(path: string, rule: PathRule | undefined): Promise<boolean> {
    const { platform } = this.#options
    if (!rule) return false
    const real = await realpath(path)
    const below = (file: string, folder: string): string => {
      const inside = isBelow(file, folder, platform) ? file.slice(folder.replace(/[\\/]$/, '').length) : file
      return isWindows(platform) ? inside.replaceAll('\\', '/') : inside
    }
    return rule(below(path, this.#root)) || rule(below(real, this.#realRoot))
  }

  /** False when a symbolic link leads out of the folder. */
  async #isOurs(path: string): Promise<boolean> {
    if (this.#options.followSymlinks) return true
    try {
      const real = await realpath(path)
      if (this.#contains(real)) return true
      // The folder itself may be a link that a deployment has set anew.
      this.#realRoot = await realpath(this.#root)
      return this.#contains(real)
    } catch (error) {
      if (isAbsent(error)) return false
      throw unreadable(error, path)
    }
  }

  #contains(real: string): boolean {
    return isBelow(real, this.#realRoot, this.#options.platform)
  }
}

function refusal(status: number, headers: Record<string, string>): Found {
  if (status === 412) return { kind: 'refused', status, headers: [] }
  if (status === 416)
    return { kind: 'refused', status, headers: [['Content-Range', headers['Content-Range'] ?? 'bytes */*']] }
  // 400: bytes that are no UTF-8 name no file; 403: a folder without an index, or `..`: none of the client's business.
  return NOT_FOUND
}

/** Whether both are of one file that was not written to in between. */
export function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev && one.size === other.size && one.ctimeMs === other.ctimeMs
}

/** One range that counts from the end. */
const LAST_BYTES = /^ *bytes *= *-0*[1-9][0-9]* *$/

/** RFC 9110 13.1.5: the date has to be the very one; entity tags of files are weak, and a weak one never fits. */
function isUnchanged({ headers }: Extract<Found, { kind: 'file' }>, condition: string): boolean {
  return headers.some(([name, value]) => name === 'Last-Modified' && value === condition.trim())
}

function describe(
  status: number,
  given: Record<string, string>,
): Pick<Extract<Found, { kind: 'file' }>, 'status' | 'reason' | 'headers' | 'start' | 'length'> {
  const headers = Object.entries(given).map(([name, value]): [string, string] => [name, String(value)])
  const range = /^bytes ([0-9]+)-/.exec(given['Content-Range'] ?? '')
  const start = range ? Number(range[1]) : 0
  return { status, reason: STATUS_CODES[status] ?? '', headers, start, length: Number(given['Content-Length'] ?? 0) }
}
