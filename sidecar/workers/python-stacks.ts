// What the threads of a worker in Python are doing. The worker tells by its control channel; where a thread keeps its interpreter to itself, a signal has
// it written to a file in its memory, which is read where the system shows it (/proc).
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, statSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { ControlMessage, SupervisedProcess } from '../processes/process.ts'
import type { StackTeller, ToldStack } from './frames/dialect.ts'

/** How long the worker may take to answer, in milliseconds: an interpreter that is shared comes to everybody within a few. */
const ANSWER_MS = 500
/** What is written at the signal is all there when nothing came for so long, in milliseconds. */
const QUIET_MS = 20
/** And at the latest after so long: a process that is stopped writes nothing. */
const DUMP_MS = 500

/** Asks one worker. */
export class PythonStacks implements StackTeller {
  readonly #process: SupervisedProcess
  readonly #asked = new Map<number, { text: string; answer: (told: ToldStack) => void }>()
  /** Descriptor and inode of the file, and the signal, all by the worker's account. */
  #dump: readonly [fd: number, inode: number, signal: number] | undefined
  #count = 0
  /** One after the other: they share the file. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(process: SupervisedProcess) {
    this.#process = process
  }

  /** What the worker said with `ready`. */
  ready({ stacks }: ControlMessage): void {
    if (Array.isArray(stacks)) this.#dump = stacks as unknown as readonly [number, number, number]
  }

  /** What else it said. */
  heard({ type, number, text, last, request }: ControlMessage): void {
    const asked = type === 'stacks' ? this.#asked.get(Number(number)) : undefined
    if (!asked) return
    asked.text += String(text)
    const named = typeof request === 'string' ? request : undefined
    if (last === true) asked.answer({ text: asked.text, request: named })
  }

  /** The stack of each thread, or why there is none. */
  async ask(): Promise<ToldStack> {
    const number = ++this.#count
    const { promise, resolve } = Promise.withResolvers<ToldStack | undefined>()
    this.#asked.set(number, { text: '', answer: resolve })
    this.#process.tell({ type: 'stacks', number })
    const timer = setTimeout(() => resolve(undefined), ANSWER_MS)
    const told = await promise
    clearTimeout(timer)
    this.#asked.delete(number)
    if (told !== undefined) return told
    const dumped = this.#last.then(() => this.#dumped())
    this.#last = dumped
    const dump = await dumped
    const text =
      dump === undefined
        ? 'it does not answer: it is stopped, or a thread keeps the interpreter to itself'
        : `it does not answer: a thread keeps the interpreter to itself\n${dump}`
    return { text, request: undefined }
  }

  /** What it writes at the signal. Undefined where there is no such thing, or nothing comes. */
  async #dumped(): Promise<string | undefined> {
    const { pid, over } = this.#process
    if (!this.#dump || pid === undefined || over) return undefined
    const [fd, inode, signal] = this.#dump
    const path = `/proc/${pid}/fd/${fd}`
    let file: number | undefined
    try {
      // Another file by now, or a process that has other numbers there.
      if (statSync(path).ino !== inode) return undefined
      file = openSync(path, constants.O_RDWR)
      ftruncateSync(file)
      process.kill(pid, signal)
      const end = performance.now() + DUMP_MS
      for (let before = -1, size = 0; (size === 0 || size !== before) && performance.now() < end;) {
        await pause(QUIET_MS)
        before = size
        size = fstatSync(file).size
      }
      const text = readFileSync(path, 'utf8').trimEnd()
      return text === '' ? undefined : text
    } catch {
      return undefined
    } finally {
      if (file !== undefined) closeSync(file)
    }
  }
}
