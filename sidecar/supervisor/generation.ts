// One generation of gateways: a process, or as many as the configuration asks for, on the same sockets. The first of them makes the sockets, and says how
// many there are to be; the generation serves once all do. From then on one that dies is replaced alone, while the others serve.
import type { Log } from '../log.ts'
import type { RawHandle } from '../succession.ts'
import { BackOff } from './back-off.ts'
import { tellFault } from './fault.ts'
import { howItEnded, type GatewayExit, type GatewayListener, type GatewayProcess } from './gateway-process.ts'
import type { Order, Ready, Report, StopSignal } from './orders.ts'
import type { KeptSockets } from './sockets.ts'

/** Starts a process of a generation: `place` counts from 0, `made` are sockets that none before this generation has had. */
export type StartProcess = (place: number, made: KeptSockets | undefined, listener: GatewayListener) => GatewayProcess

/** Who hears of a generation. */
export interface GenerationListener {
  report(generation: Generation, report: Report, handle: RawHandle | undefined): void
  /** All of it is over. Called once. */
  exited(generation: Generation, exit: GatewayExit): void
}

export class Generation implements GatewayListener {
  readonly generation: number
  readonly supervises: boolean
  /** It serves, or has served. */
  ready = false
  /** It was told to end. */
  ending = false
  /** The sockets that it has made: kept for those that follow only if it comes up. */
  readonly made: KeptSockets
  readonly #first: GatewayProcess
  readonly #running = new Map<number, GatewayProcess>()
  readonly #start: StartProcess
  readonly #listener: GenerationListener
  readonly #log: () => Log
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #backOff = new BackOff()
  #since = 0
  /** What the first one said, and how many do not serve yet. */
  #said: Ready | undefined
  #missing = 0
  #stopTimeout = 0
  #turn = 0
  #failed = false
  #last: GatewayExit = { code: 0, signal: null }

  constructor(start: StartProcess, listener: GenerationListener, log: () => Log) {
    this.#start = start
    this.#listener = listener
    this.#log = log
    this.#first = start(0, undefined, this)
    this.#running.set(0, this.#first)
    this.generation = this.#first.generation
    this.supervises = this.#first.supervises
    this.made = this.#first.made
  }

  /** Those that run. */
  get processes(): GatewayProcess[] {
    return [...this.#running.values()]
  }

  get pid(): number | undefined {
    return this.#first.pid
  }

  /** The first of them is no more. */
  get ended(): boolean {
    return this.#first.ended
  }

  /** What it printed when it did not come up. */
  get why(): string {
    return this.#first.why
  }

  /** Connections are on their way to it. */
  get awaits(): boolean {
    return this.processes.some(({ awaits }) => awaits)
  }

  /** Milliseconds that it may take to end. */
  set stopTimeout(milliseconds: number) {
    this.#stopTimeout = milliseconds
    for (const one of this.processes) one.stopTimeout = milliseconds
  }

  /** Says something to one of them, to each in its turn; with a connection, `sent` is called when it has it, or never will. */
  tell(order: Order, handle?: RawHandle, sent?: () => void): void {
    const serving = this.processes.filter(({ ready }) => ready)
    const one = serving[this.#turn++ % serving.length] ?? this.#first
    one.tell(order, handle, sent)
  }

  /** Tells all to end in one of two ways, and sees to it that they do. */
  end(order: Order & { type: 'followed' | 'stop' }): void {
    this.#stopStarts()
    for (const one of this.processes) one.end(order)
    this.#lookWhetherOver()
  }

  /** Tells them to end at once, and lets them do so for a moment. */
  hurry(signal: StopSignal): void {
    this.#stopStarts()
    for (const one of this.processes) one.hurry(signal)
  }

  #stopStarts(): void {
    this.ending = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  report(one: GatewayProcess, report: Report, handle: RawHandle | undefined): void {
    if (report.type === 'ready') this.#ready(one, report)
    // Only the first one makes sockets; the others have them all.
    else if (report.type === 'socket' && one !== this.#first) handle?.close()
    else this.#listener.report(this, report, handle)
  }

  fault(error: unknown): void {
    tellFault(error, this.#log())
  }

  #ready(one: GatewayProcess, ready: Ready): void {
    one.ready = true
    one.stopTimeout = this.#stopTimeout
    if (this.ready) {
      // A supervisor says so again.
      if (this.supervises) this.#listener.report(this, { type: 'ready', ...ready }, undefined)
      return
    }
    if (one === this.#first) {
      this.#said = ready
      this.#missing = this.supervises ? 1 : ready.processes
      for (let place = 1; place < this.#missing && !this.ending; place++) this.#bringUp(place)
    }
    this.#missing--
    if (this.#missing > 0 || !this.#said) return
    this.ready = true
    this.#since = performance.now()
    this.#listener.report(this, { type: 'ready', ...this.#said }, undefined)
  }

  #bringUp(place: number): void {
    this.#running.set(place, this.#start(place, this.made, this))
  }

  exited(one: GatewayProcess, exit: GatewayExit): void {
    const place = [...this.#running].find(([, running]) => running === one)?.[0]
    if (place !== undefined) this.#running.delete(place)
    if (!this.#failed) this.#last = exit
    if (this.#running.size > 0 && !this.ending) {
      if (!this.ready) {
        // All of them, or none.
        this.#failed = true
        this.#first.why ||= one.why
        return this.end({ type: 'followed' })
      }
      this.#again(place!, exit)
    }
    this.#lookWhetherOver()
  }

  /** One of several died: the others serve meanwhile. */
  #again(place: number, exit: GatewayExit): void {
    this.#backOff.servedSince(this.#since)
    const message = `a process of gateway ${this.generation} ended (${howItEnded(exit)}); another one is started`
    this.#log().error(message, { code: 'GATEWAY_DIED' })
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#since = performance.now()
      this.#bringUp(place)
    }, this.#backOff.next())
    this.#timers.add(timer)
  }

  #lookWhetherOver(): void {
    if (this.#running.size > 0) return
    this.#stopStarts()
    this.#listener.exited(this, this.#last)
  }
}
