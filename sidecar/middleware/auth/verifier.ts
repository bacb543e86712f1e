// Has passwords checked in a thread beside the gateway, which is started for the first one. Checks are what a flood of requests without a
// right password costs most: so few wait that the last of them is not waited for long.
import { Worker } from 'node:worker_threads'
import { GatewayError } from '../../errors.ts'
import type { Answer, Question } from './thread.ts'

const WAITING_MAX = 32

interface Waiter {
  readonly resolve: (right: boolean) => void
  readonly reject: (error: GatewayError) => void
}

/** Checks passwords one after the other. */
export class Verifier {
  readonly #waiting = new Map<number, Waiter>()
  #thread: Worker | undefined
  #count = 0

  /**
   * Whether a password (UTF-8) is the one of a hash.
   * @throws {GatewayError} AUTH_BUSY (503) when too many wait; AUTH_THREAD (500) when the thread ended
   */
  async verify(hash: string, password: Buffer): Promise<boolean> {
    if (this.#waiting.size >= WAITING_MAX) {
      const message = `${WAITING_MAX} passwords wait to be checked already: put the layer limit in front of auth`
      throw new GatewayError('AUTH_BUSY', message, 503, { headers: [['Retry-After', '1']] })
    }
    const thread = (this.#thread ??= this.#start())
    const id = ++this.#count
    thread.ref()
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      const question: Question = { id, hash, password }
      thread.postMessage(question)
    })
  }

  /** What waits fails. Works twice. */
  async close(): Promise<void> {
    await this.#thread?.terminate()
  }

  #start(): Worker {
    const thread = new Worker(new URL(`./thread${import.meta.url.slice(-3)}`, import.meta.url))
    thread.on('message', ({ id, right }: Answer) => {
      const waiter = this.#waiting.get(id)
      this.#waiting.delete(id)
      // The gateway may end while nothing is checked.
      if (this.#waiting.size === 0) thread.unref()
      waiter?.resolve(right)
    })
    let cause: unknown
    thread.on('error', (error) => (cause = error))
    thread.on('exit', () => {
      this.#thread = undefined
      const error = new GatewayError('AUTH_THREAD', 'the thread that checks passwords has ended', 500, { cause })
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
    })
    return thread
  }
}
