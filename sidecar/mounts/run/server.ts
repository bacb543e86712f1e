// One run of a command: started, watched until somebody listens at its place, in use, ended with everything that it started.
import type { Endpoint } from '../../address.ts'
import type { Exchange } from '../../exchange.ts'
import type { Log, LogFields } from '../../log.ts'
import type { Cause, Keeper, Occupant } from '../../processes/occupant.ts'
import { residentMemory } from '../../processes/memory.ts'
import { notStarted, StartError } from '../../processes/start-error.ts'
import { OutputRate } from '../../processes/output-rate.ts'
import { describeExit, type Exit } from '../../processes/exit.ts'
import { SupervisedProcess, type Command, type ProcessListener } from '../../processes/process.ts'
import { Watchdog } from '../../processes/watchdog.ts'
import { listens } from './listening.ts'

/** What is started, each time at another place. */
export interface ServerPlan {
  /** For messages. */
  readonly program: string
  /** Removed when the gateway is gone; undefined: there is none. */
  readonly folder: string | undefined
  /** Makes what it needs. @param path of the mount. @throws {ConfigError} */
  open(path: string): Promise<void>
  /** A place where nobody listens, and the command that is to. */
  next(): Promise<{ endpoint: Endpoint; command: Command }>
  /** By what its process group is asked to end. Default: SIGTERM. */
  readonly stopSignal?: NodeJS.Signals
  /** Which line of its output is not for the log. Default: none. */
  silences?(line: string): boolean
  /** What may be wrong where it ends at its start, by what it printed last; a sentence without its end. Default: nothing. */
  advice?(lines: string): string | undefined
  /** Works after a failed `open`, and twice. */
  close(): Promise<void>
}

/** How a command is run. Times in milliseconds. */
export interface ServerOptions {
  readonly plan: ServerPlan
  readonly startTimeout: number
  readonly stopTimeout: number
  readonly mount: string
  readonly log: Log
}

/** Between two looks whether it listens: quick at first, so that a quick program serves at once. */
const LOOK_FIRST_MS = 10
const LOOK_MOST_MS = 250

/** A command under way. */
export class CommandServer implements Occupant, ProcessListener {
  state: 'starting' | 'ready' | 'leaving' | 'stopping' | 'gone' = 'starting'
  readySince = 0
  memoryAtStart = 0
  startError: StartError | undefined
  killedFor: Cause | undefined
  /** Requests that it was given, and those of them that are under way; without those that took over their connections. */
  requests = 0
  busy = 0
  /** Where it listens, once it is started. */
  endpoint: Endpoint | undefined
  readonly #takenOver = new Set<Exchange>()
  readonly #options: ServerOptions
  readonly #keeper: Keeper<CommandServer>
  readonly #started = Promise.withResolvers<void>()
  readonly #gone = Promise.withResolvers<void>()
  readonly #timers: { late?: NodeJS.Timeout; look?: NodeJS.Timeout } = {}
  #process: SupervisedProcess | undefined
  #watchdog: Watchdog | undefined
  #verdict: string | undefined
  readonly #rate: OutputRate

  constructor(options: ServerOptions, keeper: Keeper<CommandServer>) {
    this.#options = options
    this.#rate = new OutputRate(options.log, () => this.#fields)
    this.#keeper = keeper
    // Who does not ask for the start hears of `gone`.
    this.#started.promise.catch(() => {})
    void this.#start()
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  get started(): Promise<void> {
    return this.#started.promise
  }

  /** It has a request. */
  begin(): void {
    this.requests++
    this.busy++
  }

  /** That one is over, or has taken over its connection, and lasts as long as that. */
  done(exchange: Exchange): void {
    this.busy--
    const connection = exchange.taken
    if (connection && !connection.closed) {
      this.#takenOver.add(exchange)
      connection.once('close', () => {
        this.#takenOver.delete(exchange)
        this.#endIfUnused()
      })
      if (this.state === 'leaving') exchange.retire()
    }
    this.#endIfUnused()
  }

  leave(): void {
    if (this.state !== 'ready' || this.#isUnused) return void this.stop()
    this.state = 'leaving'
    for (const exchange of this.#takenOver) exchange.retire()
  }

  get #isUnused(): boolean {
    return this.busy === 0 && this.#takenOver.size === 0
  }

  #endIfUnused(): void {
    if (this.state === 'leaving' && this.#isUnused) void this.stop()
  }

  /** Ends it by force, at once. `how`: what is said of it. */
  kill(cause: Cause, how: string): void {
    this.killedFor ??= cause
    this.#verdict ??= `${how} and was killed`
    this.#process?.kill()
  }

  stop(): Promise<void> {
    if (this.state !== 'gone') {
      const starting = this.state === 'starting'
      this.state = 'stopping'
      if (!this.#process) this.#over('was not started')
      else if (starting) this.#process.kill()
      else this.#process.stop(this.#options.stopTimeout, this.#options.plan.stopSignal)
    }
    return this.#gone.promise
  }

  /** Whether its process is over, or will be so many milliseconds later. */
  overWithin(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), milliseconds)
      void this.#gone.promise.then(() => {
        clearTimeout(timer)
        resolve(true)
      })
    })
  }

  async #start(): Promise<void> {
    const { plan, startTimeout, stopTimeout } = this.#options
    try {
      const { endpoint, command } = await plan.next()
      // Stopped meanwhile.
      if (this.state !== 'starting') return
      this.endpoint = endpoint
      this.#process = new SupervisedProcess(command, 0, this)
    } catch (error) {
      return this.#over(`could not be started: ${(error as Error).message}`)
    }
    const { pid } = this.#process
    if (pid === undefined) return
    this.#watchdog = new Watchdog(pid, stopTimeout, plan.folder ?? '')
    this.#timers.late = setTimeout(() => this.#late(), startTimeout)
    void this.#look(LOOK_FIRST_MS)
  }

  /** Whether it accepts connections. */
  async #look(pause: number): Promise<void> {
    const ready = await listens(this.endpoint!)
    if (this.state !== 'starting') return
    if (ready) return this.#ready()
    this.#timers.look = setTimeout(() => void this.#look(Math.min(pause * 2, LOOK_MOST_MS)), pause)
  }

  #ready(): void {
    if (this.state !== 'starting') return
    clearTimeout(this.#timers.late)
    this.state = 'ready'
    this.readySince = performance.now()
    this.memoryAtStart = residentMemory(this.pid!) ?? 0
    this.#options.log.info(`${this.#options.plan.program} accepts connections`, this.#fields)
    this.#started.resolve()
    this.#keeper.free(this)
  }

  #late(): void {
    const seconds = this.#options.startTimeout / 1000
    const message = `${this.#options.plan.program} accepted no connection for ${seconds} s (startTimeout)`
    this.startError = new StartError('RUN_START_TIMEOUT', message)
    this.#process!.kill()
  }

  // --- from its process

  message(): void {}

  output(stream: 'stdout' | 'stderr', line: string): void {
    // What it prints while it starts says why it does not.
    if (stream === 'stdout') this.#process?.remember(line)
    if (this.#options.plan.silences?.(line)) return
    if (this.#rate.take()) this.#options.log.info(line, { ...this.#fields, stream })
  }

  exited(exit: Exit): void {
    this.#rate.tell()
    const { program } = this.#options.plan
    const { lastLines: detail } = exit
    const before = this.state
    if (before === 'ready' || before === 'leaving') {
      const message = `${program} (pid ${this.pid}) ${this.#verdict ?? describeExit(exit)}`
      this.#options.log.error(message, { ...this.#fields, code: 'RUN_DIED', detail })
      return this.#over(message)
    }
    if (before === 'starting') {
      if (exit.error) {
        const hint = exit.error.code === 'ENOENT' ? `: is ${program} installed, and on the PATH?` : ''
        this.startError ??= notStarted('RUN_SPAWN', program, exit.error, hint)
      }
      const advice = exit.code === 0 ? 'it has to stay in the foreground' : this.#options.plan.advice?.(detail ?? '')
      const hint = advice === undefined ? '' : `; ${advice}`
      const late = this.startError?.code === 'RUN_START_TIMEOUT' ? this.startError : undefined
      this.startError = late
        ? new StartError(late.code, late.message, detail)
        : (this.startError ??
          new StartError(
            'RUN_START_DIED',
            `${program} ${describeExit(exit)} before it accepted a connection${hint}`,
            detail,
          ))
    }
    this.#over('ended')
  }

  #over(what: string): void {
    if (this.state === 'gone') return
    const before = this.state
    this.state = 'gone'
    clearTimeout(this.#timers.late)
    clearTimeout(this.#timers.look)
    this.#watchdog?.close()
    if (this.readySince === 0) {
      this.startError ??= new StartError('RUN_SPAWN', `${this.#options.plan.program} ${what}`)
      this.#started.reject(this.startError)
    }
    this.#gone.resolve()
    this.#keeper.gone(this, before === 'stopping')
  }

  get #fields(): LogFields {
    return { mount: this.#options.mount, pid: this.pid }
  }
}
