// Those who wait on an exchange: for room in the output, or to hear that its client is gone. Made for the first of them: most requests are
// over before anybody waits.
import { abortError, controllerFor, isAbortOf } from './abort.ts'
import type { SidegateError } from './errors.ts'

interface Writer {
  readonly resolve: () => void
  readonly reject: (error: SidegateError) => void
}

/** The watchers of one exchange. */
export class Watchers {
  /** The first that listens for an abort: as a rule there is no other. */
  #listener: (() => void) | undefined
  #listeners: (() => void)[] | undefined
  #writers: Writer[] | undefined
  #controller: AbortController | undefined

  /** Calls `listener` at an abort, after those that came before. */
  add(listener: () => void): void {
    if (this.#listener) (this.#listeners ??= []).push(listener)
    else this.#listener = listener
  }

  /** The signal, which has fired already where there is a reason. */
  signal(reason: SidegateError | undefined): AbortSignal {
    return (this.#controller ??= controllerFor(reason)).signal
  }

  /** True for what an app throws on because the signal fired. */
  caused(thrown: unknown): boolean {
    return isAbortOf(this.#controller?.signal, thrown)
  }

  /** Waits for `drained`; rejects at an abort with its reason. */
  drain(): Promise<void> {
    return new Promise((resolve, reject) => {
      ;(this.#writers ??= []).push({ resolve, reject })
    })
  }

  /** The output has room. */
  drained(): void {
    const writers = this.#writers
    this.#writers = undefined
    writers?.forEach(({ resolve }) => resolve())
  }

  /** The client is gone. */
  abort(reason: SidegateError): void {
    const first = this.#listener
    const others = this.#listeners
    const writers = this.#writers
    this.#listener = this.#listeners = this.#writers = undefined
    this.#controller?.abort(abortError(reason))
    first?.()
    others?.forEach((listener) => listener())
    writers?.forEach(({ reject }) => reject(reason))
  }
}
