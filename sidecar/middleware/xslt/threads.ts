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

type OnAbort = (listener: () => void) => void

interface Waiting {
  readonly job: Job
  readonly onAbort: OnAbort
  /** A thread was lost with it before. */
  readonly again: boolean
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
   * A document whose thread was lost is transformed once more, by a fresh one.
   * @param onAbort is given what ends the wait: nobody needs the result any more
   * @throws {GatewayError} XSLT_BUSY, XSLT_TIMEOUT, XSLT_THREAD
   */
  transform(job: Job, onAbort: OnAbort): Promise<Transformed | Failed> {
    const thread = this.#alive()
    if (thread) return this.#run(thread, job, onAbort, false)
    const { queue } = this.#settings
    if (this.#waiting.size >= queue) {
      const message = `${queue} documents wait to be transformed already (queue of the layer xslt)`
      return Promise.reject(new GatewayError('XSLT_BUSY', message, 503))
    }
    return this.#wait(job, onAbort, false)
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

  /** A thread that has nothing to do. Those that ended meanwhile are replaced when there is something. */
  #alive(): Thread | undefined {
    for (let thread = this.#idle.pop(); thread; thread = this.#idle.pop()) {
      if (!thread.isOver) return thread
      this.#drop(thread)
    }
    return undefined
  }

  #wait(job: Job, onAbort: OnAbort, again: boolean): Promise<Transformed | Failed> {
    return new Promise((resolve, reject) => {
      const waiting = { job, onAbort, again, resolve, reject }
      const entry: Entry<Waiting> = again ? this.#waiting.addFirst(waiting) : this.#waiting.add(waiting)
      onAbort(() => this.#waiting.remove(entry))
      this.#fill()
    })
  }

  async #run(thread: Thread, job: Job, onAbort: OnAbort, again: boolean): Promise<Transformed | Failed> {
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
      if (error instanceof GatewayError) throw error
      // The thread may have been dying before: the document has a fresh one, once.
      if (again || this.#closed || isOutOfMemory(error)) throw threadLost(error)
      return await this.#wait(job, onAbort, true)
    } finally {
      this.#fill()
    }
  }

  #free(thread: Thread): void {
    const first = this.#next()
    if (!first) return void this.#idle.push(thread)
    const { job, onAbort, again, resolve, reject } = first
    this.#run(thread, job, onAbort, again).then(resolve, reject)
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

/** Documents and results that were too large: they would be once more. */
function isOutOfMemory(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
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
