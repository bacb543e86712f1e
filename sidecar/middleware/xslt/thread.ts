// One thread that transforms: a document at a time.
import { Worker } from 'node:worker_threads'
import type { Answer, Failed, Job, Ready, ThreadSettings, Transformed } from './messages.ts'

const WORKER = new URL(`./worker${import.meta.url.slice(-3)}`, import.meta.url)

/** What the processor does not count itself, in megabytes: documents on their way. */
const HEAP = 128

/** How a thread ended that nobody had ended. */
export class ThreadEnded extends Error {}

/** A thread with a sheet. */
export class Thread {
  readonly #worker: Worker
  #waiting: { resolve: (answer: Answer) => void; reject: (error: unknown) => void } | undefined
  #ended: unknown

  constructor(settings: ThreadSettings) {
    this.#worker = new Worker(WORKER, {
      workerData: settings,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP },
    })
    // A gateway that has nothing else to do may end.
    this.#worker.unref()
    this.#worker
      .on('message', (answer: Answer) => {
        const waiting = this.#waiting
        this.#waiting = undefined
        waiting?.resolve(answer)
      })
      .on('error', (error) => this.#over(error))
      .on('exit', () => this.#over(new ThreadEnded('the thread ended')))
  }

  /** It ended, and does nothing any more. */
  get isOver(): boolean {
    return this.#ended !== undefined
  }

  /** The sheet is loaded. */
  load(): Promise<Ready | Failed> {
    return this.#answer() as Promise<Ready | Failed>
  }

  /** Not before the one before is answered. */
  transform(job: Job): Promise<Transformed | Failed> {
    const answer = this.#answer()
    this.#worker.postMessage(job)
    return answer as Promise<Transformed | Failed>
  }

  /** Ends it, whatever it does. */
  end(): Promise<unknown> {
    return this.#worker.terminate()
  }

  #answer(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) reject(this.#ended as Error)
      else this.#waiting = { resolve, reject }
    })
  }

  #over(error: unknown): void {
    this.#ended ??= error
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.reject(this.#ended)
  }
}
