// A worker: a process, and the links to it. Starts, serves, leaves (takes no new request, ends when the last is answered), dies.
import { UpstreamError, type SidegateError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import type { Log, LogFields } from '../log.ts'
import type { Stack, WorkerStatus } from '../mounts/mount.ts'
import type { Cause, Keeper, Occupant } from '../processes/occupant.ts'
import { Printed } from './printed.ts'
import { StartError, startErrorOf } from '../processes/start-error.ts'
import { describeExit, type Exit } from '../processes/exit.ts'
import { residentMemory } from '../processes/memory.ts'
import { SupervisedProcess, type Command, type ControlMessage, type ProcessListener } from '../processes/process.ts'
import { tellOtherVersion } from './other-version.ts'
import { askUntilReady, type Given, type ProbeRequest } from './probe.ts'
import type { Link, LinkEnd, Links, Report, Speech, Turns } from './link.ts'

/** How workers of one mount are run. Times in milliseconds. */
export interface WorkerOptions {
  readonly command: Command
  /** How it is spoken to. */
  readonly speech: Speech
  /** Requests at the same time in one process. */
  readonly threads: number
  /** What the setting is called that says how many. Default: threads. */
  readonly placesName?: string
  /** Connections to one process. Default: one a thread. */
  readonly connections?: number
  readonly startTimeout: number
  readonly stopTimeout: number
  /** What it has to answer, with a status below 400, before it counts as ready. Default: nothing. */
  readonly probe?: ProbeRequest | undefined
  /** How long the app may go on with a request whose client is gone. */
  readonly abortTimeout: number
  /** What it is called in messages: `Python worker`. */
  readonly name: string
  readonly mount: string
  readonly log: Log
  /** Hears of each file that its app has loaded, where the process tells. */
  readonly source?: ((file: string) => void) | undefined
}

/** How long the end of a process may take to be seen once it has closed a connection; it is killed then. */
const EXIT_GRACE = 2000

/** `starting`, `ready`, `leaving` (answers what it has), `stopping` (asked to end), `gone`. */
export type WorkerState = 'starting' | 'ready' | 'leaving' | 'stopping' | 'gone'

/** A worker of a pool. */
export class Worker implements Occupant, LinkEnd, ProcessListener {
  state: WorkerState = 'starting'
  /** When it became ready, as `performance.now()`. */
  readySince = 0
  memoryAtStart = 0
  /** What failed when it did not come up. */
  startError: StartError | undefined
  killedFor: Cause | undefined
  /** When it was started. */
  readonly since = new Date()
  readonly #options: WorkerOptions
  readonly #keeper: Keeper<Worker>
  readonly #process: SupervisedProcess
  readonly #links: Links
  readonly #turns: Turns
  readonly #idle: Link[] = []
  readonly #started = Promise.withResolvers<void>()
  readonly #gone = Promise.withResolvers<void>()
  readonly #startTimer: NodeJS.Timeout
  readonly #printed: Printed
  #lossTimer: NodeJS.Timeout | undefined
  #abortTimer: NodeJS.Timeout | undefined
  /** Why it is to end, when it did not choose to. */
  #verdict: string | undefined
  /** What it answered to the probe. */
  #unready: string | undefined
  /** Why it is ended as soon as nobody waits for it any more. */
  #doom: string | undefined

  constructor(options: WorkerOptions, keeper: Keeper<Worker>, turns: Turns) {
    this.#options = options
    this.#printed = new Printed(options.log, () => this.#fields)
    this.#keeper = keeper
    this.#turns = turns
    this.#process = new SupervisedProcess(options.command, options.connections ?? options.threads, this)
    this.#links = options.speech(this.#process, this, turns)
    this.#startTimer = setTimeout(() => this.#late(), options.startTimeout)
    // Who does not ask for the start hears of `gone`.
    this.#started.promise.catch(() => {})
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Settles when the app is loaded. @throws {StartError} */
  get started(): Promise<void> {
    return this.#started.promise
  }

  /** Requests under way; those whose client is gone count. */
  get busy(): number {
    return this.#links.all.length - this.#idle.length
  }

  /** True when it can take a request. */
  get free(): boolean {
    return this.state === 'ready' && this.#idle.length > 0 && !this.#links.isSilent
  }

  /** Requests that it has begun. */
  get requests(): number {
    return this.#links.all.reduce((sum, { requests, returned = 0 }) => sum + requests - returned, 0)
  }

  /** What it is called in messages, with its number. */
  get name(): string {
    return `${this.#options.name} ${this.pid ?? ''}`
  }

  /** Its links, while it may have requests. */
  get links(): readonly Link[] {
    return this.state === 'ready' || this.state === 'leaving' ? this.#links.all : []
  }

  /** Undefined when it is over, or was never there. */
  get status(): WorkerStatus | undefined {
    const { pid, state, requests, busy } = this
    if (pid === undefined || state === 'gone') return undefined
    return {
      pid,
      state: state === 'ready' && this.#links.isSilent ? 'stuck' : state,
      since: this.since.toISOString(),
      requests,
      busy: state === 'starting' ? 0 : busy,
      places: this.#links.all.length,
      memory: residentMemory(pid),
    }
  }

  /** What it is doing. */
  async stack(): Promise<Stack> {
    const text = (await this.#links.stack?.()) ?? `a ${this.#options.name} has no way to say what it is doing`
    return { pid: this.pid ?? 0, text }
  }

  /** Gives it a request; it has to be free. */
  run(exchange: Exchange): void {
    this.#idle.pop()!.run(exchange)
  }

  /** Its links, while requests may be sent to it. */
  get serving(): readonly Link[] {
    return this.state === 'ready' && !this.#lost && !this.#links.isSilent ? this.#links.all : []
  }

  /** Writes a line to the log about a request that it has. */
  tell(message: string, fields: LogFields, exchange: Exchange): void {
    this.#options.log.warn(message, { ...fields, ...this.#fields, ...fieldsOf(exchange) })
  }

  /**
   * Has another one take its place, and is ended by force once those of its requests are answered that somebody waits for, at the latest when a
   * stop would be enforced.
   */
  condemn(cause: Cause, reason: string, fields: LogFields, exchange: Exchange): void {
    this.#doom ??= `was ended: ${reason}`
    if (this.state === 'ready') this.#keeper.leaving(this, cause, reason, { ...fields, ...fieldsOf(exchange) })
    else this.tell(`${this.name} is ended: ${reason}`, fields, exchange)
    this.#meetDoom()
  }

  /** Ends it by force, at once. `how`: what is said of it. */
  kill(cause: Cause, how: string): void {
    this.killedFor ??= cause
    this.#verdict ??= `${how} and was killed`
    this.#process.kill()
  }

  /** Takes no more requests, ends when those under way are answered. */
  leave(): void {
    if (this.state === 'starting') this.#process.kill()
    if (this.state !== 'ready') return
    this.state = 'leaving'
    for (const link of this.#links.all) {
      link.takeBack()
      link.retire?.()
    }
    if (this.busy === 0) void this.stop()
    else this.#meetDoom()
  }

  #meetDoom(): void {
    if (this.#doom === undefined || this.state !== 'leaving') return
    const awaited = ({ exchange, expiredAt, cancelledAt }: Link): boolean =>
      exchange !== undefined && !expiredAt && !cancelledAt
    if (!this.#links.all.some(awaited)) void this.stop()
  }

  /** Ends it: resolves when its process is over, at most `stopTimeout` later. */
  stop(): Promise<void> {
    if (this.state === 'starting') this.#process.kill()
    if (this.state !== 'gone') {
      this.state = 'stopping'
      // What it has not begun is for others, or for nobody.
      for (const link of this.#links.all) link.takeBack()
      for (const link of this.#links.all) link.close()
      if (this.#doom === undefined) this.#process.stop(this.#options.stopTimeout)
      else {
        this.#verdict ??= this.#doom
        this.#process.kill()
      }
    }
    return this.#gone.promise
  }

  // --- from its process

  message(message: ControlMessage): void {
    if (message.type === 'ready') {
      if (this.state !== 'starting') return
      this.#links.ready(message)
      this.#idle.push(...this.#links.all)
      if (this.#options.probe) void this.#probe(this.#options.probe)
      else this.#ready()
    } else if (message.type === 'failed') {
      const { code, message: text, detail } = message
      this.startError ??= new StartError(String(code), String(text), typeof detail === 'string' ? detail : undefined)
    } else if (message.type === 'source') {
      this.#options.source?.(String(message.file))
    } else if (message.type === 'leave' && this.state === 'ready') {
      this.#keeper.leaving(this, 'signal', `it got ${String(message.reason)}`)
    } else this.#links.heard?.(message)
  }

  #ready(): void {
    clearTimeout(this.#startTimer)
    this.state = 'ready'
    this.readySince = performance.now()
    this.memoryAtStart = residentMemory(this.pid!) ?? 0
    tellOtherVersion(this.name, this.#options.log, this.#fields)
    this.#started.resolve()
    this.#keeper.free(this)
  }

  async #probe(request: ProbeRequest): Promise<void> {
    const ask = (exchange: Exchange): Given => {
      if (this.state !== 'starting') return 'refused'
      if (this.#idle.length === 0) return 'busy'
      this.run(exchange)
      return 'given'
    }
    const wrong = await askUntilReady(request, ask, (why) => (this.#unready = why))
    if (this.state !== 'starting') return
    if (!wrong) return this.#ready()
    const message = `the ${this.#options.name} does not work: ${wrong.why} (ready)`
    this.startError ??= new StartError('WORKER_NOT_READY', message, wrong.detail)
    this.#process.kill()
  }

  output(stream: 'stdout' | 'stderr', line: string): void {
    this.#printed.write(stream, line, this.#fields)
  }

  exited(exit: Exit): void {
    const before = this.state
    this.state = 'gone'
    this.#printed.end()
    for (const timer of [this.#startTimer, this.#lossTimer, this.#abortTimer]) clearTimeout(timer)
    const what = this.#verdict ?? describeExit(exit)
    if (this.readySince === 0) {
      this.startError ??= startErrorOf(exit, this.#options)
      this.#started.reject(this.startError)
    }
    // What it has not begun is run by others.
    for (const link of this.#links.all) link.takeBack()
    const expected = before === 'stopping' || before === 'starting'
    const message = `${this.#options.name} ${this.pid ?? ''} ${what}`
    const { lastLines } = exit
    const taken = this.#links.all.filter(({ isTaken }) => isTaken).length
    if (!expected || taken > 0) {
      // What it wrote last goes to the record of the request that it held, if it held one that has a record.
      const detail = this.#links.all.some(({ answering, isTaken }) => answering && !isTaken) ? undefined : lastLines
      const cut = taken > 0 ? `; connections that its app had taken over, and that ended with it: ${taken}` : ''
      this.#options.log.error(message + cut, { ...this.#fields, code: 'WORKER_DIED', detail })
    }
    const cause = lastLines === undefined ? {} : { cause: lastLines }
    // One that dies by itself may die of what it runs.
    const spared = this.#verdict === undefined ? undefined : (exchange: Exchange) => this.#turns.again(exchange)
    for (const link of this.#links.all) {
      const options = { ...cause, told: link.isTaken === true }
      link.fail(new UpstreamError('WORKER_DIED', `${message} while it ran this request`, 502, options), spared)
    }
    this.#gone.resolve()
    this.#keeper.gone(this, expected)
  }

  // --- from its links

  released(link: Link): void {
    if (this.#lost) return
    this.#idle.push(link)
    if (this.state === 'ready') this.#keeper.free(this)
    else if (this.state === 'leaving' && this.busy === 0) void this.stop()
    else this.#meetDoom()
  }

  cancelled(): void {
    this.#abortTimer ??= setTimeout(this.#checkCancelled, this.#options.abortTimeout)
    this.#meetDoom()
  }

  lost(link: Link, error: SidegateError | undefined): void {
    if (this.state === 'gone') return
    // No more requests for it.
    this.#idle.length = 0
    if (error) this.#verdict ??= `broke its protocol (${error.message}) and was killed`
    if (error) this.#process.kill()
    // The process is about to end: its exit code says why. One that only closed a connection is of no use either.
    else if (this.state !== 'stopping') {
      this.#lossTimer ??= setTimeout(() => {
        this.#verdict ??= `closed connection ${link.index} and was killed`
        this.#process.kill()
      }, EXIT_GRACE)
    }
  }

  heard(): void {
    if (this.state === 'ready') this.#keeper.free(this)
  }

  silent(milliseconds: number): void {
    this.#verdict ??= `did not answer for ${Math.round(milliseconds / 1000)} s and was killed`
    this.#process.kill()
  }

  reported(report: Report, request: string | undefined): void {
    if (report.type === 'record') {
      const { level, message, fields } = report
      return this.#options.log[level](message, { ...fields, ...this.#fields })
    }
    const fields = { ...this.#fields, request }
    if (report.type === 'output') {
      if (report.stream !== 'stdout') this.#process.remember(report.text)
      return this.#printed.write(report.stream, report.text, fields)
    }
    const { code, message, detail } = report
    this.#options.log.error(message, { ...fields, code, blame: 'app', detail })
  }

  /** It is about to be over, and takes no more requests. */
  get #lost(): boolean {
    return this.#lossTimer !== undefined || this.#verdict !== undefined
  }

  get #fields(): LogFields {
    return { mount: this.#options.mount, pid: this.pid }
  }

  /** Apps may finish work nobody waits for, within a bound; then the worker is replaced. */
  readonly #checkCancelled = (): void => {
    this.#abortTimer = undefined
    const { abortTimeout } = this.#options
    const since = this.#links.all.map(({ cancelledAt }) => cancelledAt).filter((time) => time > 0)
    if (since.length === 0) return
    const left = Math.min(...since) + abortTimeout - performance.now()
    if (left > 1) this.#abortTimer = setTimeout(this.#checkCancelled, left)
    else if (this.state === 'ready') {
      this.#keeper.leaving(
        this,
        'abort',
        `the client of a request went away ${abortTimeout / 1000} s ago (abortTimeout) and the app did not stop`,
      )
    }
  }

  #late(): void {
    const { name, startTimeout } = this.#options
    const why = this.#unready === undefined ? '' : `: ${this.#unready} (ready)`
    const message = `the ${name} was not ready after ${startTimeout / 1000} s (startTimeout)${why}`
    this.startError ??= new StartError('WORKER_START_TIMEOUT', message)
    this.#process.kill()
  }
}

function fieldsOf({ id, logged: { method, uri } }: Exchange): LogFields {
  return { request: id, method, uri }
}
