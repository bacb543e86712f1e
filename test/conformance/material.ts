// What the apps of all interfaces answer with, where it has to be the same to the byte. app.py has the same in Python.

/** 64 KB: every byte value, 256 times. */
export const BLOCK: Buffer = Buffer.from(Array.from({ length: 65536 }, (_, i) => i & 255))

/** Blocks of the large response: 10 MB. */
export const LARGE_BLOCKS = 160

/** A body that looks like a response head. */
export const HEAD_LIKE =
  'HTTP/1.1 500 No\r\nStatus: 500 No\r\nContent-Length: 3\r\n\r\nStatus: 404 No\r\n\r\nbody\r\n\r\n'

/** A file for wsgi.file_wrapper. */
export const FILE_SIZE = 200_000

/** UTF-8 with two, three and four bytes a character. */
export const UNICODE = 'caf\u00e9 \u20ac \u{1F980}\n'

/** What each app keeps for the runs it has seen, by token. */
export class Memory {
  readonly #closed = new Map<string, number>()
  readonly #released = new Map<string, () => void>()

  /** Notes that the response for `token` was closed. */
  close(token: string): void {
    this.#closed.set(token, this.closed(token) + 1)
  }

  /** How often it was closed. */
  closed(token: string): number {
    return this.#closed.get(token) ?? 0
  }

  /** Waits for `release`; ten seconds at most. */
  wait(token: string): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 10_000)
      this.#released.set(token, () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  /** Lets `wait` go on. */
  release(token: string): boolean {
    const resolve = this.#released.get(token)
    resolve?.()
    return resolve !== undefined
  }
}
