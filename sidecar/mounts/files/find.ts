// From the variables of a request to a file: what is sent of it, and with which head.
import type { Stats } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { STATUS_CODES, type IncomingMessage } from 'node:http'
import { sep } from 'node:path'
import type { SendOptions, send as Send } from '@fastify/send'
import { encodePath, type Variables } from '../../variables.ts'
import { fieldValue } from '../fields.ts'

/** What a request is answered with. */
export type Found =
  | {
      kind: 'file'
      status: number
      reason: string
      headers: [string, string][]
      path: string
      /** The bytes to send of it. */
      start: number
      length: number
    }
  | { kind: 'folder' }
  | { kind: 'refused'; status: number; headers: [string, string][] }

/** Settings that decide what is found. */
export interface FindOptions {
  readonly index: readonly string[]
  /** Seconds. */
  readonly maxAge: number
  readonly fallback?: string | undefined
  readonly dotfiles: boolean
  readonly followSymlinks: boolean
}

/** The request fields that matter: conditions (RFC 9110 13) and ranges (14). */
const FIELDS = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
  'cache-control',
]

const NOT_FOUND: Found = { kind: 'refused', status: 404, headers: [] }

/** Why a file is not served: thrown through the library. */
class Forbidden extends Error {}

/** Finds files of one folder. */
export class FileFinder {
  readonly #send: typeof Send
  readonly #root: string
  readonly #options: FindOptions
  readonly #sendOptions: SendOptions
  #realRoot: string

  constructor(send: typeof Send, realRoot: string, root: string, options: FindOptions) {
    this.#send = send
    this.#realRoot = realRoot
    this.#root = root
    this.#options = options
    this.#sendOptions = {
      root,
      index: [...options.index],
      maxAge: options.maxAge * 1000,
      dotfiles: options.dotfiles ? 'allow' : 'ignore',
      onFile: (path, stat) => this.#demandOurs(path, stat),
    }
  }

  /** What PATH_INFO names. */
  async find(variables: Variables): Promise<Found> {
    const info = variables.PATH_INFO ?? ''
    if (info === '') return variables.SCRIPT_NAME ? { kind: 'folder' } : this.#look('/', variables)
    const found = await this.#look(encodePath(info), variables)
    if (found !== NOT_FOUND || this.#options.fallback === undefined) return found
    return this.#look(`/${encodePath(this.#options.fallback.replace(/^\.?\//, ''))}`, variables)
  }

  async #look(path: string, variables: Variables): Promise<Found> {
    const headers: Record<string, string> = {}
    for (const name of FIELDS) {
      const value = fieldValue(variables, name)
      if (value !== undefined) headers[name] = value
    }
    try {
      // The library reads these two of a request and nothing else.
      const request = { method: 'HEAD', headers } as unknown as IncomingMessage
      const result = await this.#send(request, path, this.#sendOptions)
      if (result.type === 'directory')
        return (await this.#isOurs(result.metadata.path)) ? { kind: 'folder' } : NOT_FOUND
      if (result.type === 'error') return refusal(result.statusCode, result.headers)
      return { kind: 'file', ...describe(result.statusCode, result.headers), path: result.metadata.path }
    } catch (error) {
      if (error instanceof Forbidden) return NOT_FOUND
      throw error
    }
  }

  async #demandOurs(path: string, stat: Stats): Promise<void> {
    // Reading a FIFO or a device would hang or never end.
    if (!stat.isFile() || !(await this.#isOurs(path))) throw new Forbidden(path)
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
    } catch {
      return false
    }
  }

  #contains(real: string): boolean {
    return (
      real === this.#realRoot || real.startsWith(this.#realRoot.endsWith(sep) ? this.#realRoot : this.#realRoot + sep)
    )
  }
}

function refusal(status: number, headers: Record<string, string>): Found {
  if (status === 412) return { kind: 'refused', status, headers: [] }
  if (status === 416)
    return { kind: 'refused', status, headers: [['Content-Range', headers['Content-Range'] ?? 'bytes */*']] }
  // 400: bytes that are no UTF-8 name no file; 403: a folder without an index, or `..`: none of the client's business.
  if (status < 500) return NOT_FOUND
  return { kind: 'refused', status, headers: [] }
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
