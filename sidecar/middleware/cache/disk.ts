// Bodies in files: one for each response, what is known of it in the first line. A file gets its name when it is complete, and the name has its size:
// what a crash has left is told by that. Names are made of digests: nothing that a client sends becomes a part of a path.
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { basename, join } from 'node:path'
import * as v from 'valibot'
import { ConfigError, GatewayError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { messageOf } from '../../thrown.ts'
import type { Bodies, Body, BodyWriter, OpenBody, Stored } from './body.ts'
import { describedSchema, type Described } from './described.ts'

/** Digest, a number of its own, size. */
const NAME = /^[0-9a-f]{32}-[0-9a-f]{16}-([0-9]{1,15})$/
const COMING = /^[0-9a-f]{32}-[0-9a-f]{16}\.part$/

/** The first line of a file is not longer: a response with more fields is not stored. */
const LINE_MAX = 64 * 1024
/** Bytes that wait to be written: a disk that is slower than the app gives up the response, and nobody waits for it. */
const WAITING_MAX = 4 * 1024 * 1024
/** What has not become complete for so long, in milliseconds, was left by a process that is no more. */
const LEFT_MS = 3_600_000
/** Files that are read at the same time when it is opened. */
const READERS = 16
/** Of the form of a file: those of another one are not read. */
const VERSION = 1

/** What can be said of a folder without making it. @throws {ConfigError} CACHE_FOLDER */
export async function checkFolder(folder: string, place: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined)
  if (found && !found.isDirectory()) throw unusable(place, `${folder} is no folder`)
}

function unusable(place: string, why: string): ConfigError {
  return new ConfigError('CACHE_FOLDER', place, `the folder for stored responses cannot be used: ${why}`)
}

/** Keeps them in a folder. */
export class FolderBodies implements Bodies {
  readonly #folder: string
  readonly #place: string
  readonly #log: Log
  /** The names of the files that were handed out. */
  readonly #known = new Set<string>()
  #failing = false

  /**
   * @param folder absolute
   * @param place of the setting, for errors
   */
  constructor(folder: string, place: string, log: Log) {
    this.#folder = folder
    this.#place = place
    this.#log = log
  }

  /** @throws {ConfigError} CACHE_FOLDER */
  async open(): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      await readdir(this.#folder)
    } catch (error) {
      throw unusable(this.#place, messageOf(error))
    }
  }

  async find(): Promise<readonly Stored[]> {
    const names = (await readdir(this.#folder)).filter((name) => !this.#known.has(name))
    const found: Stored[] = []
    const read = async (): Promise<void> => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) {
        const stored = await this.#find(name)
        if (stored) found.push(stored)
      }
    }
    await Promise.all(Array.from({ length: READERS }, read))
    return found.toSorted((a, b) => a.times.received - b.times.received)
  }

  begin(described: Described): BodyWriter | undefined {
    const line = lineOf(described)
    if (line.byteLength > LINE_MAX) return undefined
    const digest = createHash('sha256').update(`${described.url}${described.apart}${JSON.stringify(described.vary)}`)
    const stem = join(this.#folder, `${digest.digest('hex').slice(0, 32)}-${randomBytes(8).toString('hex')}`)
    return new FileWriter(stem, line, this.#known, (error) => this.#report(error))
  }

  /** Once, until one could be written again. */
  #report(error: unknown): void {
    if (error !== undefined && !this.#failing) {
      const message = `a response could not be stored in ${this.#folder}: ${messageOf(error)}. It is said once`
      this.#log.warn(message, { code: 'CACHE_WRITE' })
    }
    this.#failing = error !== undefined
  }

  /** What a file has; one that has nothing is removed, where it is one of a cache. */
  async #find(name: string): Promise<Stored | undefined> {
    const path = join(this.#folder, name)
    if (COMING.test(name)) await this.#clear(path)
    const size = NAME.exec(name)?.[1]
    if (size === undefined) return undefined
    const stored = await readFile(path, Number(size), this.#known).catch(() => 'closed' as const)
    // There may be no file descriptor left: the next time there is.
    if (stored === 'closed') return undefined
    // It may have become known meanwhile.
    if (this.#known.has(name)) return undefined
    if (stored) this.#known.add(name)
    else await unlink(path).catch(() => {})
    return stored
  }

  async #clear(path: string): Promise<void> {
    const left = await stat(path).catch(() => undefined)
    if (left && Date.now() - left.mtimeMs > LEFT_MS) await unlink(path).catch(() => {})
  }
}

/** A body in a file, behind its first line. */
class FileBody implements Body {
  readonly size: number
  readonly bytes = undefined
  readonly #path: string
  readonly #from: number
  readonly #known: Set<string>

  constructor(path: string, from: number, size: number, known: Set<string>) {
    this.#path = path
    this.#from = from
    this.size = size
    this.#known = known
  }

  async open(): Promise<OpenBody | undefined> {
    const file = await open(this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    if (!file) return undefined
    return {
      read: async (from, length) => {
        const block = Buffer.allocUnsafe(length)
        const { bytesRead } = await file.read(block, 0, length, this.#from + from)
        if (bytesRead < length) throw new GatewayError('CACHE_READ', `${this.#path} has become shorter`, 503)
        return block
      },
      close: () => void file.close().catch(() => {}),
    }
  }

  remove(): void {
    this.#known.delete(basename(this.#path))
    // Another process may have done so.
    void unlink(this.#path).catch(() => {})
  }
}

/** Writes a body: one piece after the other, while the next ones come. */
class FileWriter implements BodyWriter {
  readonly #stem: string
  readonly #from: number
  readonly #known: Set<string>
  readonly #report: (error: unknown) => void
  #size = 0
  #waiting = 0
  #given = false
  #file: FileHandle | undefined
  #tail: Promise<FileHandle>

  constructor(stem: string, line: Buffer, known: Set<string>, report: (error: unknown) => void) {
    this.#stem = stem
    this.#known = known
    this.#from = line.byteLength
    this.#report = report
    this.#tail = this.#begin(line)
    // Told by `finish`; who gives up first does not want to know.
    this.#tail.catch(() => {})
  }

  write(bytes: Uint8Array): boolean {
    if (this.#waiting + bytes.byteLength > WAITING_MAX) return false
    const own = Uint8Array.from(bytes)
    this.#waiting += own.byteLength
    this.#size += own.byteLength
    this.#tail = this.#tail.then(async (file) => {
      await file.writeFile(own)
      this.#waiting -= own.byteLength
      return file
    })
    this.#tail.catch(() => {})
    return true
  }

  async finish(): Promise<Body | undefined> {
    try {
      const file = await this.#tail
      if (this.#given) return undefined
      await file.close()
      const path = `${this.#stem}-${this.#size}`
      this.#known.add(basename(path))
      await rename(this.#part, path)
      this.#report(undefined)
      return new FileBody(path, this.#from, this.#size, this.#known)
    } catch (error) {
      if (!this.#given) this.#report(error)
      this.abandon()
      return undefined
    }
  }

  abandon(): void {
    if (this.#given) return
    this.#given = true
    // What could not be written leaves the file open.
    this.#tail
      .catch(() => {})
      .then(() => this.#file?.close())
      .catch(() => {})
      .finally(() => void unlink(this.#part).catch(() => {}))
  }

  get #part(): string {
    return `${this.#stem}.part`
  }

  async #begin(line: Buffer): Promise<FileHandle> {
    const file = (this.#file = await open(this.#part, 'wx', 0o600))
    await file.writeFile(line)
    return file
  }
}

function lineOf({ url, apart, vary, head, times }: Described): Buffer {
  const { status, reason, headers } = head
  return Buffer.from(
    `${JSON.stringify({ version: VERSION, url, apart, vary, head: { status, reason, headers }, times })}\n`,
  )
}

/** What a file has; undefined when it is not whole, or not of this form. @throws {Error} when it cannot be opened, now or ever */
async function readFile(path: string, size: number, known: Set<string>): Promise<Stored | undefined> {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(LINE_MAX), 0, LINE_MAX, 0)
    const end = buffer.subarray(0, bytesRead).indexOf(10)
    if (end < 0 || (await file.stat()).size !== end + 1 + size) return undefined
    const line = JSON.parse(buffer.toString('utf8', 0, end)) as { version: unknown }
    if (line.version !== VERSION) return undefined
    return { ...v.parse(describedSchema, line), body: new FileBody(path, end + 1, size, known) }
  } catch {
    return undefined
  } finally {
    await file.close()
  }
}
