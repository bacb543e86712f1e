// Asks a worker in Node.js where its code is. Its second thread answers, whatever the first one does.
import type { ControlMessage, SupervisedProcess } from '../../processes/process.ts'

/** How long the answer may take, in milliseconds. */
const ANSWER_MS = 5000

/** What it says. */
export interface ToldStack {
  readonly text: string
  /** The id of the request that the code runs for, where that is known. */
  readonly request: string | undefined
}

/** The stacks of one worker. */
export class Stacks {
  readonly #process: SupervisedProcess
  #asked: Promise<ToldStack> | undefined
  #answer: ((stack: ToldStack) => void) | undefined

  constructor(process: SupervisedProcess) {
    this.#process = process
  }

  /** Never rejects. Who asks meanwhile gets the same answer. */
  ask(): Promise<ToldStack> {
    return (this.#asked ??= this.#ask().finally(() => (this.#asked = undefined)))
  }

  /** The worker said something. */
  heard(message: ControlMessage): void {
    if (message.type !== 'stack') return
    const { text, request } = message
    this.#answer?.({ text: String(text), request: typeof request === 'string' ? request : undefined })
  }

  async #ask(): Promise<ToldStack> {
    const { promise, resolve } = Promise.withResolvers<ToldStack>()
    this.#answer = resolve
    const text = `it did not say where it is within ${ANSWER_MS / 1000} s`
    const timer = setTimeout(() => resolve({ text, request: undefined }), ANSWER_MS).unref()
    this.#process.tell({ type: 'stack' })
    const told = await promise
    clearTimeout(timer)
    return told
  }
}
