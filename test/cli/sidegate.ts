// The real command in a process of its own.
import { spawn, type ChildProcess } from 'node:child_process'
import { MAIN } from '../built.ts'

const COMMAND = [process.execPath, MAIN]

/** Commands start and end within this time, however busy the machine. */
const LIMIT_MS = 25_000

/** How a command ended. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A command that runs. */
export class Sidegate {
  out = ''
  err = ''
  readonly ended: Promise<Ended>
  /** The exit code; what it printed may not have been read yet. */
  readonly exited: Promise<number | null>
  readonly #child: ChildProcess
  readonly #looks = new Set<() => void>()

  constructor(
    words: readonly string[],
    cwd: string,
    environment: Record<string, string> = {},
    stdin?: string,
    command: readonly string[] = COMMAND,
  ) {
    const env = { ...process.env, ...environment }
    const [program, ...first] = command
    this.#child = spawn(program!, [...first, ...words], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stdin!.on('error', () => {}).end(stdin ?? '')
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.out += text
      for (const look of this.#looks) look()
    })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.err += text
      for (const look of this.#looks) look()
    })
    this.exited = new Promise((resolve) => this.#child.on('exit', resolve))
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code) => resolve({ code, out: this.out, err: this.err }))
    })
  }

  /** Waits until something is printed, on either stream. */
  said(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#looks.delete(look)
      }
      const look = (): void => {
        const match = pattern.exec(`${this.err}\n${this.out}`)
        if (!match) return
        done()
        resolve(match)
      }
      const fail = (why: string): void => {
        done()
        reject(new Error(`${why} without ${String(pattern)}:\n${this.err}\n${this.out}`))
      }
      const timer = setTimeout(() => fail(`${LIMIT_MS / 1000} s`), LIMIT_MS)
      void this.ended.then(() => fail('it ended'))
      this.#looks.add(look)
      look()
    })
  }

  /** Waits until it serves; gives the port of its first TCP address. */
  async port(): Promise<number> {
    await this.said(/mounted/)
    return Number((await this.said(/listening {2}\S*:([1-9][0-9]*) \(/))[1])
  }

  /** Whoever reads what it prints there is gone. */
  lose(output: 'stdout' | 'stderr'): void {
    this.#child[output]!.destroy()
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Nobody reads what it prints there for a while. */
  pause(output: 'stdout' | 'stderr'): void {
    this.#child[output]!.pause()
  }

  resume(output: 'stdout' | 'stderr'): void {
    this.#child[output]!.resume()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Asks it to end, and makes it when it does not. */
  async stop(): Promise<Ended> {
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), LIMIT_MS)
    const ended = await this.ended
    clearTimeout(timer)
    return ended
  }
}

/** Runs a command to its end. */
export function sidegate(
  words: readonly string[],
  cwd: string,
  environment?: Record<string, string>,
  stdin?: string,
): Promise<Ended> {
  return new Sidegate(words, cwd, environment, stdin).ended
}
