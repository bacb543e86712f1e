// The threads of one sheet, and the documents that wait for one. A thread that takes too long, or is broken, is ended, and another one takes its
// place with the same files.
import { GatewayError } from '../../errors.ts'
import { LinkedList, type Entry } from '../../linked-list.ts'
import type { Failed, Job, Ready, SheetFiles, ThreadSettings, Transformed } from './messages.ts'
import { Thread } from './thread.ts'

/** What the threads are made of. */
export interface ThreadsSettings extends Omit<ThreadSettings, 'files'> {
  /** How many. */
  readonly threads: number
  /** Documents that may wait. */
  readonly queue: number
  /** Milliseconds that one may take. */
  readonly timeout: number
}

/** How long a sheet may take to load, in milliseconds. */
const LOAD_MS = 30_000

interface Waiting {
  readonly job: Job
  readonly resolve: (answer: Transformed | Failed) => void
  readonly reject: (error: unknown) => void
}

/** A sheet that does not load. */
export class SheetError extends Error {
  readonly said: readonly string[]

  constructor(said: readonly string[]) {
    super('the sheet does not load')
    this.said = said
  }
}

/** Transforms documents. */
export class Threads {
  readonly #settings: ThreadsSettings
  readonly #idle: Thread[] = []
  readonly #all = new Set<Thread>()
  readonly #waiting = new LinkedList<Waiting>()
  #files: SheetFiles = {}
  #closed = false

  constructor(settings: ThreadsSettings) {
    this.#settings = settings
  }

  /** Starts the threads. @throws {SheetError} */
  async open(): Promise<Ready> {
    // The first one reads the files, the others have the same.
    const first = await this.#start()
    this.#files = first.files
    for (let more = this.#settings.threads - 1; more > 0; more--) await this.#start()
    return first
  }

  /**
   * Transforms a document when there is a thread for it.
   * @param onAbort is given what ends the wait: nobody needs the result any more
   * @throws {GatewayError} XSLT_BUSY, XSLT_TIMEOUT, XSLT_THREAD
   */
  transform(job: Job, onAbort: (listener: () => void) => void): Promise<Transformed | Failed> {
    const thread = this.#idle.pop()
    if (thread) return this.#run(thread, job)
    const { queue } = this.#settings
    if (this.#waiting.size >= queue) {
      const message = `${queue} documents wait to be transformed already (queue of the layer xslt)`
      return Promise.reject(new GatewayError('XSLT_BUSY', message, 503))
    }
    return new Promise((resolve, reject) => {
      const entry: Entry<Waiting> = this.#waiting.add({ job, resolve, reject })
      onAbort(() => this.#waiting.remove(entry))
      this.#fill()
    })
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    this.#closed = true
    this.#idle.length = 0
    for (let one = this.#next(); one; one = this.#next()) one.reject(threadLost(new Error('the gateway was closed')))
    await Promise.all([...this.#all].map((thread) => thread.end()))
    this.#all.clear()
  }

  async #start(): Promise<Ready> {
    const { sheet, folder, memory } = this.#settings
    const thread = new Thread({ sheet, folder, memory, files: this.#files })
    this.#all.add(thread)
    try {
      const ready = await within(LOAD_MS, thread.load(), () => new SheetError(['it takes too long to load']))
      if (ready.type === 'failed') throw new SheetError(ready.said)
      this.#free(thread)
      return ready
    } catch (error) {
      this.#drop(thread)
      throw error
    }
  }

  async #run(thread: Thread, job: Job): Promise<Transformed | Failed> {
    const { timeout } = this.#settings
    try {
      const answer = await within(timeout, thread.transform(job), () => {
        const message = `a document took more than ${timeout / 1000} s to transform (timeout of the layer xslt)`
        return new GatewayError('XSLT_TIMEOUT', message, 502)
      })
      if (answer.type === 'failed' && answer.broken) this.#drop(thread)
      else this.#free(thread)
      return answer
    } catch (error) {
      this.#drop(thread)
      throw error instanceof GatewayError ? error : threadLost(error)
    } finally {
      this.#fill()
    }
  }

  #free(thread: Thread): void {
    const first = this.#next()
    if (!first) return void this.#idle.push(thread)
    this.#run(thread, first.job).then(first.resolve, first.reject)
  }

  #next(): Waiting | undefined {
    const { first } = this.#waiting
    if (first) this.#waiting.remove(first)
    return first?.item
  }

  #drop(thread: Thread): void {
    this.#all.delete(thread)
    void thread.end()
  }

  /** Another thread in the place of one that was dropped. */
  #fill(): void {
    if (this.#closed || this.#all.size >= this.#settings.threads) return
    this.#start().catch((error: unknown) => {
      this.#next()?.reject(threadLost(error))
      if (this.#waiting.size > 0) this.#fill()
    })
  }
}

function threadLost(error: unknown): GatewayError {
  const { message } = error as Error
  return new GatewayError('XSLT_THREAD', `the thread that transforms documents was lost: ${message}`, 500, {
    cause: error,
  })
}

/** What comes in time; else it fails. */
async function within<T>(milliseconds: number, coming: Promise<T>, late: () => Error): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(late()), milliseconds)
  try {
    return await Promise.race([coming, promise])
  } finally {
    clearTimeout(timer)
    coming.catch(() => {})
  }
}
