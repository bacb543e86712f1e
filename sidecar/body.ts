// The body of a request, pulled by the app. A door pushes what arrives and stops its socket when push says so; nothing is
// collected beyond the high-water mark.
import { toSidegateError, type SidegateError } from './errors.ts'

/** How a body asks its door for more: called when the app wants bytes and the queue has room. Calls may repeat. */
export type Demand = () => void

/** Pieces below this size are copied together while they wait: each would keep the whole read alive that it came in. */
const PIECE_MIN = 16 * 1024
/** How large such a copy gets. */
const JOINED_MAX = 32 * 1024

/** Bytes that may wait in memory for an app before the door stops reading: one read of a socket. */
export const BODY_HIGH_WATER = 64 * 1024

interface Waiter {
  resolve: (chunk: Uint8Array | null) => void
  reject: (error: SidegateError) => void
}

/**
 * A request body. The app's side is `read` (or async iteration); the door's side is `push`, `finish` and `fail`.
 * One reader at a time: a second `read` while one waits is an error of the caller.
 */
export class RequestBody implements AsyncIterable<Uint8Array> {
  /** Bytes announced (CONTENT_LENGTH), or undefined when only the protocol's own end mark tells. 0: there is no body. */
  readonly length: number | undefined
  /** Bytes that have arrived. */
  received = 0
  #queue: Uint8Array[] = []
  #queued = 0
  /** What the last piece of the queue is the beginning of, when that is a copy. */
  #joined: Uint8Array | undefined
  #state: 'open' | 'finished' | SidegateError
  #waiter: Waiter | undefined
  #demand: Demand | undefined
  #discarding = false

  constructor(length: number | undefined, demand?: Demand) {
    this.length = length
    this.#demand = demand
    this.#state = length === 0 ? 'finished' : 'open'
  }

  /** True when every byte has arrived (they may still wait to be read). */
  get complete(): boolean {
    return this.#state === 'finished'
  }

  /** True when it is known that there is not one byte, and there was none. */
  get empty(): boolean {
    return this.length === 0 || (this.#state === 'finished' && this.received === 0)
  }

  /** True while a `read` waits for the client. */
  get wanted(): boolean {
    return this.#waiter !== undefined
  }

  /** Bytes that wait to be read. */
  get waiting(): number {
    return this.#queued
  }

  /** True when `read` would answer without waiting. */
  get ready(): boolean {
    return this.#queued > 0 || this.#state !== 'open'
  }

  /**
   * The next bytes, or null at the end.
   * @throws {SidegateError} PeerError BODY_CUT when the client went away before the body was complete.
   */
  read(): Promise<Uint8Array | null> {
    const chunk = this.readNow()
    if (chunk !== undefined) return Promise.resolve(chunk)
    if (typeof this.#state === 'object') return Promise.reject(this.#state)
    if (this.#waiter) return Promise.reject(new TypeError('the request body is being read already'))
    const waiting = new Promise<Uint8Array | null>((resolve, reject) => {
      this.#waiter = { resolve, reject }
    })
    this.#demand?.()
    return waiting
  }

  /** What `read` would give at once: bytes, null at the end, or undefined when it would wait or reject. */
  readNow(): Uint8Array | null | undefined {
    const chunk = this.#queue.shift()
    if (chunk) {
      this.#queued -= chunk.byteLength
      if (this.#state === 'open' && this.#queued < BODY_HIGH_WATER) this.#demand?.()
      return chunk
    }
    return this.#state === 'finished' ? null : undefined
  }

  /** Reads to the end and throws the bytes away as they come. */
  discard(): void {
    this.#discarding = true
    this.#queue = []
    this.#queued = 0
    if (this.#state === 'open') this.#demand?.()
  }

  /** Door: bytes arrived. False when the door should stop reading until it is asked (`Demand`). */
  push(bytes: Uint8Array): boolean {
    this.received += bytes.byteLength
    if (this.#discarding) return true
    if (this.#waiter) {
      const { resolve } = this.#waiter
      this.#waiter = undefined
      resolve(bytes)
      return true
    }
    if (this.#queue.length === 0 || bytes.byteLength >= PIECE_MIN) {
      this.#queue.push(bytes)
      this.#joined = undefined
    } else this.#join(bytes)
    this.#queued += bytes.byteLength
    return this.#queued < BODY_HIGH_WATER
  }

  /** Door: the body is complete. */
  finish(): void {
    if (this.#state !== 'open') return
    this.#state = 'finished'
    this.#waiter?.resolve(null)
    this.#waiter = undefined
  }

  /** Door: no more will come, and the body is not complete. What has arrived can still be read; then `read` rejects. */
  fail(error: SidegateError): void {
    if (this.#state !== 'open') return
    this.#state = error
    this.#waiter?.reject(error)
    this.#waiter = undefined
  }

  #join(bytes: Uint8Array): void {
    const size = this.#joined ? this.#queue.at(-1)!.byteLength : 0
    if (!this.#joined || size + bytes.byteLength > JOINED_MAX) {
      this.#joined = Buffer.alloc(JOINED_MAX)
      this.#joined.set(bytes)
      this.#queue.push(this.#joined.subarray(0, bytes.byteLength))
      return
    }
    this.#joined.set(bytes, size)
    this.#queue[this.#queue.length - 1] = this.#joined.subarray(0, size + bytes.byteLength)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = await this.read()
      if (chunk === null) return
      yield chunk
    }
  }
}

/**
 * A body that is read from somewhere else, as far as its reader wants it.
 * @param length as in RequestBody
 * @param pull gives the next bytes, null at the end; what it rejects with is what a read of the body rejects with
 */
export function pulledBody(length: number | undefined, pull: () => Promise<Uint8Array | null>): RequestBody {
  let pulling = false
  const body: RequestBody = new RequestBody(length, () => {
    if (!pulling && !body.complete) void fill()
  })
  const fill = async (): Promise<void> => {
    pulling = true
    try {
      for (let room = true; room;) {
        const chunk = await pull()
        if (chunk) room = body.push(chunk) || body.wanted
        if (!chunk || body.received === length) return body.finish()
      }
    } catch (error) {
      body.fail(toSidegateError(error))
    } finally {
      pulling = false
    }
  }
  return body
}
