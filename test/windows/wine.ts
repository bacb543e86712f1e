// Runs programs for Windows by Wine.
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stopProcess, temporaryFolder, until } from '../harness.ts'
import { PREFIX, WINE } from './places.ts'

/** Programs say what is waited for within this time, however busy the machine. */
const SAID_MS = 60_000

/** A path of this machine as programs under Wine see it: `/srv/app` is `Z:\srv\app`. */
export const windowsPath = (path: string): string => `Z:${path.replaceAll('/', '\\')}`

/** How to run a program for Windows. */
export interface ProgramOptions {
  /** A path of this machine. Default: that of this process. */
  readonly cwd?: string
  /** Beside what Wine needs; nothing of this process's environment is passed on. */
  readonly env?: Readonly<Record<string, string>>
}

/** The environment of programs under Wine. */
export function wineEnvironment(own: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: '/usr/bin:/bin',
    HOME: process.env.HOME ?? '/',
    // Wine has the names of files in the letters of the locale.
    LC_ALL: 'C.UTF-8',
    WINEPREFIX: PREFIX,
    WINEDEBUG: '-all',
    ...own,
  }
}

/** A program that runs. What it prints goes into a file: node.exe under Wine cannot use a Unix pipe as a standard stream. */
export class WindowsProgram {
  /** Its exit code, modulo 256 as Linux has them; null when it was ended by a signal. */
  readonly exited: Promise<number | null>
  readonly #child: ChildProcess
  readonly #folder = temporaryFolder()
  readonly #file = join(this.#folder.path, 'output')
  #rest = ''

  /** @param words the program, as a path of this machine, and its arguments, which are passed on as they are */
  constructor(words: readonly string[], { cwd, env }: ProgramOptions = {}) {
    const output = openSync(this.#file, 'w')
    this.#child = spawn(WINE, words, { cwd, env: wineEnvironment(env), stdio: ['ignore', output, output] })
    closeSync(output)
    this.exited = new Promise((resolve, reject) => {
      this.#child.on('error', reject).on('exit', (code) => {
        this.#rest = this.output
        this.#folder.remove()
        resolve(code)
      })
    })
  }

  /** What it has printed so far, on both streams. */
  get output(): string {
    return this.#rest || readFileSync(this.#file, 'utf8')
  }

  /** Waits until something is printed. @throws {Error} when it ends before, or time is up. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    return until(
      `${String(pattern)} is printed`,
      () => {
        const found = pattern.exec(this.output)
        if (!found && this.#ended) throw new Error(`it ended without ${String(pattern)}:\n${this.output}`)
        return found
      },
      SAID_MS,
    )
  }

  get #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Ends it as Windows' TerminateProcess does: nothing in it runs any more. */
  async kill(): Promise<void> {
    await stopProcess(this.#child, 'SIGKILL')
    await this.exited
  }
}
