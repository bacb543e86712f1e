// `wsgi.file_wrapper` (PEP 3333, "Optional Platform-Specific File Handling"): a file-like object as a body.
import type { FileLike, FileWrapper } from './types.ts'

/** Bytes read at once when the app says nothing: what a body may have in flight anyway. */
export const FILE_BLOCK = 64 * 1024

/** Reads a file-like object block by block, until it gives an empty one. `close` closes the file, once. */
export class FileBody implements AsyncIterable<Uint8Array> {
  readonly file: FileLike
  readonly blockSize: number
  #closed = false

  constructor(file: FileLike, blockSize: number) {
    this.file = file
    this.blockSize = blockSize
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    while (!this.#closed) {
      const block = await this.file.read(this.blockSize)
      if (block.length === 0) return
      yield block
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.file.close?.()
  }
}

/** The file wrapper that apps find in their environ. `blockSize`: bytes asked for at once, 64 KB by default. */
export const fileWrapper: FileWrapper = (file, blockSize = FILE_BLOCK) => new FileBody(file, blockSize)
