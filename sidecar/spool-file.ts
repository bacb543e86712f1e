// A file for a request body that is too long for the memory. It has no name as soon as it is open, so that nothing is left behind.
import { randomUUID } from 'node:crypto'
import { open, unlink, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GatewayError } from './errors.ts'

/** Bytes read at once: one read of a socket. */
const BLOCK = 64 * 1024

/** A temporary file: written from its beginning to its end, then read so, as often as wanted. */
export class SpoolFile {
  readonly #file: FileHandle
  readonly #path: string | undefined
  #at = 0
  #size = 0

  private constructor(file: FileHandle, path: string | undefined) {
    this.#file = file
    this.#path = path
  }

  /** @throws {Error} when the folder for temporary files cannot be written. */
  static async make(): Promise<SpoolFile> {
    const path = join(tmpdir(), `sidegate-${randomUUID()}`)
    const file = await open(path, 'wx+', 0o600)
    // Windows keeps the name while the file is open.
    const gone = await unlink(path).then(
      () => true,
      () => false,
    )
    return new SpoolFile(file, gone ? undefined : path)
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#file.writeFile(bytes)
    this.#size += bytes.byteLength
  }

  rewind(): void {
    this.#at = 0
  }

  /** The next bytes, or null at the end. @throws {Error} when the file cannot be read. */
  async read(): Promise<Uint8Array | null> {
    const at = this.#at
    if (at === this.#size) return null
    const block = Buffer.allocUnsafe(Math.min(BLOCK, this.#size - at))
    // Ahead of the wait, in which it may be rewound.
    this.#at = at + block.length
    const { bytesRead } = await this.#file.read(block, 0, block.length, at)
    if (bytesRead < block.length) throw new GatewayError('SPOOL_FAILED', 'a temporary file has become shorter', 503)
    return block
  }

  close(): void {
    const path = this.#path
    // Somebody who looks at every new file may hold it for a moment more: then it stays, as after a crash.
    this.#file
      .close()
      .then(() => (path === undefined ? undefined : unlink(path)))
      .catch(() => {})
  }
}
