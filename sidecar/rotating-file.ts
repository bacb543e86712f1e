// A log file that is bounded: once it is long it gets a name with the time in it, another one is begun, and the oldest are removed.
// Several processes may write to one: each line is appended, and who finds that another has given the file its other name goes on in the
// new one. A line is never lost by that; at worst two that do it at once leave a short file.
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { Writable } from 'node:stream'

/** How long a file gets, in bytes: what editors on Windows still open. */
const SIZE_MAX = 10 * 1024 * 1024
/** How many are kept beside the one that is written. */
const KEPT = 5
/** How often it is looked whether another process has begun a new file, in milliseconds. */
const LOOK_MS = 1000

/** How a file is bounded, where that is not said above. */
export interface Bounds {
  readonly size?: number
  readonly kept?: number
}

/** A stream into such a file. What cannot be written (a full disk, no right) is dropped: `lost` is told, once until a write succeeds. */
export class RotatingFile extends Writable {
  readonly #path: string
  readonly #size: number
  readonly #kept: number
  readonly #lost: (error: Error) => void
  #fd: number | undefined
  #looked = 0
  #failed = false

  /** @throws {Error} the system's, when the file cannot be opened; its folder is made. */
  constructor(path: string, lost: (error: Error) => void, { size = SIZE_MAX, kept = KEPT }: Bounds = {}) {
    super({ decodeStrings: true })
    this.#path = path
    this.#size = size
    this.#kept = kept
    this.#lost = lost
    this.#open()
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    try {
      this.#append(bytes)
      this.#failed = false
    } catch (error) {
      if (!this.#failed) this.#lost(error as Error)
      this.#failed = true
      this.#close()
    }
    done()
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    this.#close()
    done()
  }

  #append(bytes: Buffer): void {
    if (this.#fd !== undefined && performance.now() - this.#looked > LOOK_MS) this.#look(this.#fd)
    const fd = this.#fd ?? this.#open()
    // One write, so that lines of several processes do not mix.
    writeSync(fd, bytes)
    if (fstatSync(fd).size >= this.#size) this.#begin()
  }

  /** The folder may be gone by now. */
  #open(): number {
    this.#looked = performance.now()
    mkdirSync(dirname(this.#path), { recursive: true })
    return (this.#fd = openSync(this.#path, 'a'))
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  /** Goes on in the new file where the name is that of another by now. */
  #look(fd: number): void {
    this.#looked = performance.now()
    if (statSync(this.#path, { throwIfNoEntry: false })?.ino !== fstatSync(fd).ino) this.#close()
  }

  #begin(): void {
    this.#close()
    const { size } = statSync(this.#path, { throwIfNoEntry: false }) ?? { size: 0 }
    // Another process was quicker.
    if (size < this.#size) return
    const extension = extname(this.#path)
    const start = `${basename(this.#path, extension)}.`
    const time = new Date().toISOString().replace(/[-:]/g, '').replace('.', '-')
    const folder = dirname(this.#path)
    renameSync(this.#path, join(folder, `${start}${time}-${process.pid}${extension}`))
    const older = readdirSync(folder)
      .filter(
        (name) =>
          name.startsWith(start) &&
          /^\d{8}T\d{6}-\d+Z-\d+$/.test(name.slice(start.length, -extension.length || undefined)),
      )
      .toSorted()
    for (const name of older.slice(0, -this.#kept)) rmSync(join(folder, name), { force: true })
  }
}
