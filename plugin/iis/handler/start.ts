// Starts Sidegate for all instances of a site: the first that finds none starts one, the others find it. It lives on when the instance that
// started it is ended, and ends by itself when no instance holds its lifeline any more.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { tmpdir, uptime } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { UpstreamError } from '../../../sidecar/errors.ts'
import { isAlive } from '../../../sidecar/is-alive.ts'
import type { Log } from '../../../sidecar/log.ts'
import type { Starter } from './connect.ts'
import { Line } from './line.ts'
import { Locks, type Lock, type Started } from './locks.ts'

/** How long a Sidegate may take from its start until it serves, in milliseconds: apps load meanwhile. */
const START_MS = 60_000
/** How long until it has a lifeline, which is the first thing that it does: until then it counts as alive. */
const LINE_MS = 60_000
/** For so long after a start that failed no other is tried. */
const AGAIN_MS = 10_000
/** How long one that has served may take to end, once it has let go of its lifeline: drainTimeout, and some more. It may still have the address. */
const END_MS = 45_000
const LOOK_MS = 50
/** So long after an end whoever has started it has said why. */
const TOLD_MS = 500

/** What is started, and where. */
export interface Program {
  /** The file of `sidegate` itself. */
  readonly main: string
  /** Where it runs, and finds its configuration. */
  readonly site: string
  /** For locks and logs; it is made. */
  readonly logs: string
}

export class SidegateStarter implements Starter {
  readonly #program: Program
  readonly #log: Log
  readonly #locks: Locks
  #line: Line | undefined

  /** @throws {Error} the system's, when the folder for logs cannot be made */
  constructor(program: Program, log: Log) {
    this.#program = program
    this.#log = log
    this.#locks = new Locks(program.logs)
  }

  async ensure(): Promise<void> {
    try {
      await this.#ensure()
    } catch (error) {
      if (error instanceof UpstreamError) throw error
      throw new UpstreamError('IIS_START', `Sidegate cannot be started: ${(error as Error).message}`, 503, {
        cause: error,
      })
    }
  }

  async #ensure(): Promise<void> {
    const late = performance.now() + START_MS
    while (!(await this.#look(late))) {
      if (performance.now() > late) {
        throw new UpstreamError('IIS_START', `Sidegate does not serve ${START_MS / 1000} s after its start`, 503)
      }
    }
  }

  /** Takes hold of the one that answers, which another instance may have started. */
  found(): void {
    if (this.#line && !this.#line.lost) return
    this.#hold().catch(({ message }: Error) => {
      this.#log.warn(`the lifeline of Sidegate cannot be held: ${message}`)
    })
  }

  async #hold(): Promise<void> {
    const started = this.#locks.newest()?.started
    if (started && started.ended === undefined) this.#keep(await Line.hold(started.line))
  }

  #keep(line: Line | undefined): void {
    if (line === this.#line) return
    this.#line?.close()
    this.#line = line
  }

  /** One step towards a Sidegate that serves; true when there is one. */
  async #look(late: number): Promise<boolean> {
    const lock = this.#locks.newest()
    if (!lock) {
      this.#start(0)
      return false
    }
    const { number, started, age } = lock
    if (started?.ended !== undefined && !started.served && age < AGAIN_MS) throw this.#failed(started.ended)
    const line = started && started.ended === undefined ? await Line.hold(started.line) : undefined
    if (line) {
      this.#keep(line)
      if (!(await ready(line, late))) return false
      if (!started!.served) this.#note(number, { served: true })
      return true
    }
    const waited = START_MS - (late - performance.now())
    if (mayCome(lock) || (mayEnd(lock) && waited < END_MS)) await after(LOOK_MS)
    else if (diedAtStart(lock)) await this.#died(number)
    else this.#overcome(lock)
    return false
  }

  /** It is gone before it served. Whoever started it knows why and says so, unless that one is gone too. */
  async #died(number: number): Promise<void> {
    await after(TOLD_MS)
    const lock = this.#locks.newest()
    if (lock?.number === number && lock.started?.ended === undefined) {
      this.#note(number, { ended: 'it ended before it served' })
    }
  }

  #overcome(lock: Lock): void {
    const { started, number } = lock
    const why = started?.ended ?? 'nobody holds its lifeline'
    const of = started?.pid === undefined ? '' : ` (process ${started.pid})`
    this.#log.warn(`the Sidegate of ${this.#locks.path(number)}${of} is gone: ${why}; another one is started`, {
      code: 'IIS_LOCK_STALE',
    })
    this.#start(number)
  }

  /** Starts one, unless somebody else does. */
  #start(before: number): void {
    const number = this.#locks.take(before)
    if (number === undefined) return
    try {
      this.#spawn(number)
    } catch (error) {
      // Nobody has to wait for what does not come.
      this.#locks.giveBack(number)
      throw error
    }
  }

  #spawn(number: number): void {
    const { main, site, logs } = this.#program
    const line = lineAddress(randomBytes(8).toString('hex'))
    // Before the process is there: this one may be ended at any time, and the others have to find it.
    this.#locks.write(number, { line })
    const output = openSync(this.#outputFile, 'w')
    const words = [main, 'serve', '--lifeline', line, '--log-file', join(logs, 'sidegate.log')]
    const child = spawn(process.execPath, words, {
      cwd: site,
      env: environmentOf(process.env),
      detached: true,
      windowsHide: true,
      stdio: ['ignore', output, output],
    })
    closeSync(output)
    const ended = (why: string): void => this.#note(number, { ended: why })
    child.on('error', ({ message }) => ended(`it could not be started: ${message}`))
    child.on('exit', (code, signal) => ended(signal ? `it was ended by ${signal}` : `it ended with exit code ${code}`))
    if (child.pid === undefined) return
    child.unref()
    this.#note(number, { pid: child.pid })
    this.#log.info(`Sidegate was started in ${site}`, { pid: child.pid })
  }

  /** Writes what others can do without: a folder that is full or gone ends nobody's requests. */
  #note(number: number, known: Partial<Started>): void {
    try {
      this.#locks.write(number, known)
    } catch (error) {
      this.#log.warn(`${this.#locks.path(number)} cannot be written: ${(error as Error).message}`)
    }
  }

  get #outputFile(): string {
    return join(this.#program.logs, 'sidegate-start.log')
  }

  #failed(why: string): UpstreamError {
    const message = `Sidegate was started, and ${why}: ${join(this.#program.logs, 'sidegate.log')} and ${this.#outputFile} say why`
    return new UpstreamError('IIS_START', message, 503)
  }
}

/** True while the one of a lock that nobody holds may still be on its way. */
function mayCome({ age, started }: Lock): boolean {
  if (age > LINE_MS || started?.ended !== undefined || started?.served) return false
  return started?.pid === undefined || isAlive(started.pid)
}

/** True while one that has served may be about to end. The number of a process says nothing once the machine was started anew. */
function mayEnd({ age, started }: Lock): boolean {
  if (!started?.served || started.ended !== undefined || started.pid === undefined) return false
  return age < uptime() * 1000 && isAlive(started.pid)
}

/** True when it was ended, or ended, before it served: the next one would too. */
function diedAtStart({ age, started }: Lock): boolean {
  return age < LINE_MS && started?.pid !== undefined && started.ended === undefined && !started.served
}

/** True once the one at the other end serves; false when it has ended, or it is too late. */
async function ready(line: Line, late: number): Promise<boolean> {
  const patience = new AbortController()
  const wait = Math.max(0, late - performance.now())
  const timeout = after(wait, false, { signal: patience.signal }).catch(() => false)
  const serves = await Promise.race([line.ready, timeout])
  patience.abort()
  return serves
}

/** A name that nobody has had. */
function lineAddress(nonce: string, platform: NodeJS.Platform = process.platform): string {
  return platform === 'win32' ? `pipe:sidegate-${nonce}` : `unix:${join(tmpdir(), `sidegate-${nonce}.sock`)}`
}

/** The environment without what IIS says of its own process. */
function environmentOf(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^_FCGI_/i.test(name)))
}
