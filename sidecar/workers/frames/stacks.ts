// Asks a worker in Node.js where its code is. Its second thread answers, whatever the first one does.
import type { ControlMessage, SupervisedProcess } from '../../processes/process.ts'
import type { StackTeller, ToldStack } from './dialect.ts'

/** In which some JavaScript runs, if there is any, in milliseconds. One that hangs is worth more. */
const PATIENCE_MS = 500
const HANGING_MS = 2000
/** How much longer the answer may take, in milliseconds. */
const ANSWER_MS = 2000

/** The stacks of one worker. */
export class Stacks implements StackTeller {
  readonly #process: SupervisedProcess
  #asked: Promise<ToldStack> | undefined
  #answer: ((stack: ToldStack) => void) | undefined

  constructor(process: SupervisedProcess) {
    this.#process = process
  }

  /** Never rejects. Who asks meanwhile gets the same answer. `hangs`: it does not answer otherwise. */
  ask(hangs: boolean): Promise<ToldStack> {
    return (this.#asked ??= this.#ask(hangs).finally(() => (this.#asked = undefined)))
  }

  /** The worker said something. */
  heard(message: ControlMessage): void {
    if (message.type !== 'stack') return
    const { text, request } = message
    this.#answer?.({ text: String(text), request: typeof request === 'string' ? request : undefined })
  }

  async #ask(hangs: boolean): Promise<ToldStack> {
    const patience = hangs ? HANGING_MS : PATIENCE_MS
    const { promise, resolve } = Promise.withResolvers<ToldStack>()
    this.#answer = resolve
    const text = 'it does not answer at all: its process is stopped, or the machine too busy'
    const timer = setTimeout(() => resolve({ text, request: undefined }), patience + ANSWER_MS).unref()
    this.#process.tell({ type: 'stack', patience, hangs })
    const told = await promise
    clearTimeout(timer)
    return told
  }
}
