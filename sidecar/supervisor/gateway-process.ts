// One gateway: a process with all that a configuration asks for, and one generation of several.
import type { ChildProcess, StdioOptions } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Answered, Ask } from '../admin/control.ts'
import type { GatewayReport } from '../admin/report.ts'
import { startChild } from '../processes/start-child.ts'
import type { RawHandle } from '../succession.ts'
import { withoutServiceManager } from '../service-manager.ts'
import { KeptSockets } from './sockets.ts'
import type { OtherAccount } from './other-account.ts'
import { HANDED, type Handed, type Order, type Ready, type Report, type StopSignal } from './orders.ts'
import { letOutputsNotWait } from './outputs.ts'
import { readReports, REPORT_FD } from './report-line.ts'
import type { Survivors } from './survivors.ts'

/** What gateways and supervisors are started with. */
export interface GatewayCommand {
  /** Node.js, its options, and the program with its words. */
  readonly file: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** The working directory, as it is called by whoever started this process: it may be another folder by now. */
  readonly cwd: string
  /** As whom they run, where it is another than this process. */
  readonly account?: OtherAccount | undefined
  /** Sees to the end of those that outlive this process; left out for supervisors, which no app keeps busy. */
  readonly survivors?: Survivors
}

/** How a gateway ended. */
export interface GatewayExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why it could not be started at all. */
  readonly error?: string
}

/** What is said of it. */
export function howItEnded({ code, signal, error }: GatewayExit): string {
  return error ?? signal ?? `exit code ${code}`
}

/** Who hears of a gateway. */
export interface GatewayListener {
  report(gateway: GatewayProcess, report: Report, handle: RawHandle | undefined): void
  /** Something else than a report came from it, or one that cannot be. */
  fault(error: unknown): void
  /** It is over. Called once. */
  exited(gateway: GatewayProcess, exit: GatewayExit): void
}

/** The numbers of the sockets begin behind the standard streams and the line of reports. */
export const FIRST_SOCKET = REPORT_FD + 1

/**
 * The number of Node.js' channel in a gateway, or the first one behind the sockets. Node.js drops what comes with a line that is no message, a connection
 * that is handed over with it: so it is none of the low numbers, which programs write to because somebody else would have a file or a pipe there.
 */
const CHANNEL_FD = 60

/** When it is looked whether the sockets are on their way that a gateway has sent before it served, in milliseconds. */
const SOCKETS_MS = 1000

/** Faults that follow a fault within so many milliseconds are not told: an app can make as many as it likes. */
const FAULT_MS = 1000

/** How much longer than it said a gateway may take to end, in milliseconds: then something in it does not let it. */
export const SPARE_MS = 5000

/** How long a gateway may take to say what it does: an app in it may keep it busy. In milliseconds. */
const ANSWER_MS = 1000

/** How long it may take to do something: to start the processes of a mount, or to answer the requests of one. */
const WORK_MS = 600_000
const TAKES_TIME: ReadonlySet<Ask['what']> = new Set(['reload', 'drain', 'recycle', 'stacks'])

/** How long what a gateway said last may still come once it has ended, in milliseconds. */
const LAST_WORDS_MS = 500

/** How long a gateway may take to end at once, in milliseconds: its workers end meanwhile. A supervisor waits for its gateways for so long. */
const HURRY_MS = 3000
const HURRY_SUPERVISOR_MS = 5000

/** A gateway under way, or a supervisor of another version that has one. */
export class GatewayProcess {
  readonly generation: number
  readonly supervises: boolean
  /** It serves, or has served. */
  ready = false
  /** When it was started. */
  readonly since = new Date()
  /** What it printed when it did not come up. */
  why = ''
  /** It was told to end. */
  ending = false
  /** The sockets that it has made: kept for those that follow only if it comes up. */
  readonly made = new KeptSockets()
  readonly #child: ChildProcess
  #killer: NodeJS.Timeout | undefined
  /** What is done about connections that wait to be told of. */
  readonly #unsent = new Set<() => void>()
  readonly #asked = new Map<number, (answered: Answered) => void>()
  #questions = 0
  #heard = performance.now()
  #faulted = -FAULT_MS
  /** Sockets that have come. */
  #sockets = 0
  /** What it said, while sockets of it are on their way. */
  #held: Ready | undefined
  #holding: NodeJS.Timeout | undefined
  readonly #listener: GatewayListener
  readonly #survivors: Survivors | undefined
  #stopTimeout = 0

  constructor(
    command: GatewayCommand,
    handed: Omit<Handed, 'reports'>,
    numbers: readonly number[],
    listener: GatewayListener,
  ) {
    this.#listener = listener
    this.#survivors = command.survivors
    this.generation = handed.generation
    this.supervises = handed.supervisor
    this.#child = startChild(command.file, command.args, {
      cwd: command.cwd,
      env: {
        ...(handed.supervisor ? command.env : withoutServiceManager(command.env)),
        [HANDED]: JSON.stringify({ ...handed, reports: REPORT_FD } satisfies Handed),
      },
      stdio: descriptors(numbers),
      // Signals of the terminal are for the supervisor.
      detached: true,
    })
    letOutputsNotWait()
    // Before it has said how long it may take, an app that is being loaded may keep it busy.
    this.stopTimeout = 0
    this.#child.on('message', (report, handle) =>
      this.#take(report as Report, handle as unknown as RawHandle | undefined),
    )
    // Node.js leaves it out when the process could not be started.
    const reports = (this.#child.stdio as ChildProcess['stdio'] | undefined)?.[REPORT_FD] as Readable | undefined
    if (reports)
      readReports(
        reports,
        (report) => this.#take(report),
        (error) => this.#fault(error),
      )
    this.#child.once('error', (error) => {
      this.why ||= error.message
      if (this.#child.pid === undefined) listener.exited(this, { code: 1, signal: null, error: error.message })
    })
    this.#child.once('exit', (code, signal) => {
      clearTimeout(this.#killer)
      clearTimeout(this.#holding)
      this.#held = undefined
      this.#survivors?.remove(this.#child.pid!)
      letOutputsNotWait()
      // What it said last, that it serves, may still have to be read.
      const end = (): void => {
        clearTimeout(timer)
        this.#child.off('close', end)
        this.made.release()
        // Node.js forgets what waits for a process that has ended.
        for (const once of this.#unsent) once()
        const ended: Answered = {
          done: false,
          code: 'GATEWAY_DIED',
          message: `gateway ${this.generation} ended meanwhile`,
        }
        for (const answer of this.#asked.values()) answer(ended)
        listener.exited(this, { code, signal })
      }
      const timer = setTimeout(end, LAST_WORDS_MS)
      this.#child.once('close', end)
    })
  }

  #take(report: Report, handle?: RawHandle): void {
    this.#heard = performance.now()
    if (report.type === 'failed') this.why = report.why
    else if (report.type === 'answer') this.#asked.get(report.number)?.(report.answered)
    else if (report.type === 'ready') this.#hold(report)
    else this.#listener.report(this, report, handle)
    if (report.type !== 'socket' || !handle) return
    this.#sockets++
    if (this.#held) this.#hold(this.#held)
  }

  /** It serves; that is passed on once its sockets are here. */
  #hold(ready: Ready): void {
    clearTimeout(this.#holding)
    this.#held = undefined
    if (this.#sockets >= ready.sockets) return this.#listener.report(this, { type: 'ready', ...ready }, undefined)
    this.#held = ready
    this.#holding = setTimeout(() => void this.#lookFor(ready), SOCKETS_MS)
  }

  /** Whether those that are missing are on their way, or nothing arrives there any more. */
  async #lookFor(ready: Ready): Promise<void> {
    const before = this.#sockets
    const answers = (await this.report()) !== undefined
    if (this.#held !== ready) return
    // An app may keep it busy.
    if (!answers || this.#sockets > before) return this.#hold(ready)
    this.why = `its listening sockets do not arrive: an app has written into the channel of its gateway (process.channel), on which they go`
    this.#listener.fault(new Error(`gateway ${this.generation} is ended: ${this.why}`))
    this.kill()
  }

  #fault(error: unknown): void {
    const now = performance.now()
    if (now - this.#faulted < FAULT_MS) return
    this.#faulted = now
    this.#listener.fault(error)
  }

  /** Milliseconds that it may take to end. */
  set stopTimeout(milliseconds: number) {
    this.#stopTimeout = milliseconds
    if (this.#child.pid !== undefined && !this.ended) this.#survivors?.add(this.#child.pid, milliseconds + SPARE_MS)
  }

  /** Its process is no more; what it said last may still have to be read. */
  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Milliseconds since it said anything. */
  get silent(): number {
    return performance.now() - this.#heard
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Says something; with a connection, `sent` is called when it has it, or never will. */
  tell(order: Order, handle?: RawHandle, sent: () => void = () => {}): void {
    if (!this.#child.connected) return sent()
    if (!handle) return void this.#child.send(order, () => sent())
    const once = (): void => {
      if (this.#unsent.delete(once)) sent()
    }
    this.#unsent.add(once)
    this.#child.send(order, handle as never, {}, once)
  }

  /** Tells it to end in one of two ways, and sees to it that it does. */
  end(order: Order & { type: 'followed' | 'stop' }): void {
    this.ending = true
    this.made.release()
    this.tell(order)
    this.#killer ??= setTimeout(() => this.kill(), this.#stopTimeout + SPARE_MS)
  }

  /** Tells it to end at once, and lets it do so for a moment. */
  hurry(signal: StopSignal): void {
    this.tell({ type: 'stop', signal })
    clearTimeout(this.#killer)
    this.#killer = setTimeout(() => this.kill(), this.supervises ? HURRY_SUPERVISOR_MS : HURRY_MS)
  }

  /** Asks it something. Where it does not answer in time, or ends before, that is what came of it. */
  async ask(ask: Ask): Promise<Answered> {
    const number = ++this.#questions
    const { promise, resolve } = Promise.withResolvers<Answered>()
    const limit = TAKES_TIME.has(ask.what) ? WORK_MS : ANSWER_MS
    const message = `gateway ${this.generation} did not answer within ${limit / 1000} s: an app may keep it busy`
    const timer = setTimeout(() => resolve({ done: false, code: 'GATEWAY_BUSY', message }), limit)
    this.#asked.set(number, resolve)
    this.tell({ type: 'ask', number, ask })
    const answered = await promise
    clearTimeout(timer)
    this.#asked.delete(number)
    return answered
  }

  /** Connections are on their way to it. */
  get awaits(): boolean {
    return this.#unsent.size > 0
  }

  /** What it says of itself; undefined when it does not say anything in time. */
  async report(): Promise<GatewayReport | undefined> {
    const answered = await this.ask({ what: 'report' })
    return answered.done ? (answered.value as GatewayReport) : undefined
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

/** The descriptors of a gateway, by their numbers. */
function descriptors(sockets: readonly number[]): StdioOptions {
  const free = Array.from({ length: Math.max(0, CHANNEL_FD - FIRST_SOCKET - sockets.length) }, () => 'ignore' as const)
  return ['ignore', 'inherit', 'inherit', 'pipe', ...sockets, ...free, 'ipc']
}
