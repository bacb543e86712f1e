// Files to clients: a small file goes out in one write, a big one block by block at the client's speed. @fastify/send decides on path, type,
// conditions and ranges (find.ts); it is always asked as for HEAD, so that what is sent is opened and read here.
import { constants } from 'node:fs'
import { open, realpath, type FileHandle } from 'node:fs/promises'
import type { Exchange } from '../../exchange.ts'
import type { Variables } from '../../variables.ts'
import { redirectToFolder, refuse } from './answer.ts'
import { statusOfFailure, unreadable } from './failure.ts'
import { FileFinder, isSame, type FindOptions, type Found, type PathRule } from './find.ts'
import { findCompressed, type Compressed } from './sibling.ts'

/** Files up to this size are read whole before anything is sent; bigger ones block by block of this size. One read of a socket. */
const BLOCK = 64 * 1024

/** How often a file is looked for again that another has taken the place of since it was found. */
const CHANGES_MAX = 100

const RESTLESS = Object.assign(new Error('it is replaced again and again'), { code: 'EAGAIN' })

/** A FIFO that has taken the place of a file makes nobody wait. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** How files are sent. */
export interface SendOptions extends FindOptions {
  /** Whether clients have put it there for others. Pages come as text then, and nothing is taken for what it does not say it is. */
  readonly foreign?: PathRule | undefined
}

/** Sends the files of one folder. */
export class FileSender {
  readonly #finder: FileFinder
  readonly #foreign: PathRule | undefined

  private constructor(finder: FileFinder, foreign: PathRule | undefined) {
    this.#finder = finder
    this.#foreign = foreign
  }

  /** @param root absolute, a folder that is there */
  static async open(root: string, options: SendOptions): Promise<FileSender> {
    // Loaded when it is needed: it takes 19 ms of the start.
    const { send } = await import('@fastify/send')
    const finder = new FileFinder(send, await realpath(root), root, options)
    return new FileSender(finder, options.foreign)
  }

  /**
   * Answers an exchange with what its PATH_INFO names, or `path` in its place.
   * @throws {GatewayError} FILE_UNREADABLE
   */
  async answer(exchange: Exchange, path?: string): Promise<void> {
    const { REQUEST_METHOD: method } = exchange.variables
    if (method !== 'GET' && method !== 'HEAD') return refuse(exchange, 405, [['Allow', 'GET, HEAD']])
    for (let changes = 0; ; changes++) {
      let found = await this.#finder.find(exchange.variables, path)
      if (found.kind === 'file' && (await this.#isForeign(found.path)))
        found = { ...found, headers: asForeign(found.headers) }
      if (exchange.aborted) return
      if (found.kind === 'folder') return redirectToFolder(exchange)
      if (found.kind === 'refused') return refuse(exchange, found.status, found.headers)
      if (await sendFile(exchange, found, method === 'HEAD')) return
      if (changes === CHANGES_MAX) throw unreadable(RESTLESS, found.path)
    }
  }

  /** One that is gone again is nobody's. */
  async #isForeign(path: string): Promise<boolean> {
    try {
      return await this.#finder.isOf(path, this.#foreign)
    } catch {
      return true
    }
  }

  /**
   * As `answer`, where there is something: a file, or a folder that has an index.
   * @param compressed files beside the others that may be sent in their place
   * @returns false: there is nothing, and nobody was answered
   */
  async offer(exchange: Exchange, compressed?: Compressed): Promise<boolean> {
    for (let changes = 0; ; changes++) {
      const found = await this.#there(exchange.variables, compressed)
      if (exchange.aborted) return true
      if (!found) return false
      if (found.kind === 'folder') redirectToFolder(exchange)
      else if (found.kind === 'refused') refuse(exchange, found.status, found.headers)
      else if (!(await sendFile(exchange, found, exchange.variables.REQUEST_METHOD === 'HEAD'))) {
        if (changes < CHANGES_MAX) continue
        throw unreadable(RESTLESS, found.path)
      }
      return true
    }
  }

  async #there(variables: Variables, compressed: Compressed | undefined): Promise<Found | undefined> {
    const found = compressed
      ? await findCompressed(this.#finder, variables, compressed)
      : await this.#finder.find(variables)
    if (found.kind === 'refused') return found.status === 404 ? undefined : found
    if (found.kind === 'file') return found
    const index = await this.#finder.find(variables, `${variables.PATH_INFO ?? ''}/`)
    return index.kind === 'refused' && index.status === 404 ? undefined : found
  }
}

/** What a browser would run on this site. */
const PAGE = /^(?:text\/html|application\/xhtml\+xml)\b/i
/** What may have scripts in it, and is of use all the same: drawings are shown without them. */
const MARKUP = /^[^;]*[/+]xml\b/i
const POLICY: [string, string] = ['Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox"]

function asForeign(headers: readonly [string, string][]): [string, string][] {
  const plain = headers.map(([name, value]): [string, string] =>
    name === 'Content-Type' && PAGE.test(value) ? [name, 'text/plain; charset=utf-8'] : [name, value],
  )
  const markup = plain.some(([name, value]) => name === 'Content-Type' && MARKUP.test(value))
  return [...plain, ['X-Content-Type-Options', 'nosniff'], ...(markup ? [POLICY] : [])]
}

/** @returns false when another file has taken the place of the one that was found: its length and date are not those of the head. */
async function sendFile(
  exchange: Exchange,
  found: Extract<Found, { kind: 'file' }>,
  headOnly: boolean,
): Promise<boolean> {
  const { status, reason, headers, path, stats, start, length } = found
  if (headOnly || length === 0 || status === 304) {
    exchange.respond({ status, reason, headers })
    exchange.end()
    return true
  }
  const file = await open(path, READ).catch((error: NodeJS.ErrnoException) => error)
  // Gone since it was found, or not for us to read.
  if (file instanceof Error) {
    refuse(exchange, statusOfFailure(file, path))
    return true
  }
  try {
    if (!isSame(await file.stat(), stats)) return false
    if (exchange.aborted) return true
    exchange.respond({ status, reason, headers })
    await sendBlocks(exchange, file, start, length)
    return true
  } finally {
    await file.close()
  }
}

async function sendBlocks(exchange: Exchange, file: FileHandle, start: number, length: number): Promise<void> {
  for (let position = start, left = length; ;) {
    const block = Buffer.allocUnsafe(Math.min(BLOCK, left))
    const { bytesRead } = await file.read(block, 0, block.length, position)
    if (exchange.aborted) return
    position += bytesRead
    left -= bytesRead
    const bytes = block.subarray(0, bytesRead)
    // A file that became shorter meanwhile: the exchange sees that Content-Length is not reached, and cuts.
    if (left === 0 || bytesRead === 0) return exchange.end(bytes)
    if (!exchange.write(bytes)) await exchange.drained()
  }
}
