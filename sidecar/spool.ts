// What is collected of request bodies that are taken whole: each in memory up to a bound of its own, all together up to another; the rest in
// files.
import { GatewayError } from './errors.ts'
import { SpoolFile } from './spool-file.ts'

/** Bytes of all bodies together. What does not fit into memory goes to files at once; a disk that is full is everybody's harm. */
export const SPOOL_LIMITS = { memory: 64 * 1024 * 1024, files: 8 * 1024 * 1024 * 1024 }

/** Pieces below this size are copied together: each would keep the whole read alive that it came in. */
const PIECE_MIN = 16 * 1024
/** How large such a copy begins; each is as large as what was there before, so that no more is wasted than used. */
const COPY_MIN = 1024
const COPY_MAX = 32 * 1024

/** One body. */
export class Spool {
  static #memory = 0
  static #files = 0
  readonly #most: number
  readonly #pieces: Uint8Array[] = []
  #inMemory = 0
  #inFile = 0
  /** What the last piece is the beginning of, when that is a copy, and how much of it is used. */
  #copy: Buffer | undefined
  #used = 0
  #file: SpoolFile | undefined

  /** `memory`: bytes that stay in memory. */
  constructor(memory: number) {
    this.#most = memory
  }

  /** The beginning of the body. */
  get pieces(): readonly Uint8Array[] {
    return this.#pieces
  }

  /** What comes behind the pieces; undefined: nothing. */
  get file(): SpoolFile | undefined {
    return this.#file
  }

  get length(): number {
    return this.#inMemory + this.#inFile
  }

  /**
   * One more piece; undefined when it is kept already.
   * @throws {GatewayError} SPOOL_FULL; SPOOL_FAILED when a file cannot be written.
   */
  add(bytes: Uint8Array): Promise<void> | undefined {
    const size = bytes.byteLength
    if (!this.#file && this.#inMemory + size <= this.#most && Spool.#memory + size <= SPOOL_LIMITS.memory) {
      this.#inMemory += size
      Spool.#memory += size
      this.#keep(bytes)
      return undefined
    }
    if (Spool.#files + size > SPOOL_LIMITS.files) {
      throw new GatewayError(
        'SPOOL_FULL',
        `${SPOOL_LIMITS.files} bytes of request bodies are in temporary files already`,
        503,
      )
    }
    this.#inFile += size
    Spool.#files += size
    return this.#write(bytes)
  }

  /** Gives all of it back. Works twice. */
  close(): void {
    Spool.#memory -= this.#inMemory
    Spool.#files -= this.#inFile
    this.#inMemory = this.#inFile = 0
    this.#file?.close()
    this.#file = undefined
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      await (this.#file ??= await SpoolFile.make()).write(bytes)
    } catch (cause) {
      const message = `a request body could not be put into a temporary file: ${(cause as Error).message}`
      throw new GatewayError('SPOOL_FAILED', message, 503, { cause })
    }
  }

  #keep(bytes: Uint8Array): void {
    const size = bytes.byteLength
    if (size >= PIECE_MIN) {
      this.#copy = undefined
      this.#pieces.push(bytes)
      return
    }
    if (!this.#copy || this.#used + size > this.#copy.length) {
      this.#copy = Buffer.alloc(Math.max(size, COPY_MIN, Math.min(this.#inMemory, COPY_MAX)))
      this.#used = 0
      this.#pieces.push(this.#copy)
    }
    this.#copy.set(bytes, this.#used)
    this.#used += size
    this.#pieces[this.#pieces.length - 1] = this.#copy.subarray(0, this.#used)
  }
}
