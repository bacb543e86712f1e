// Owns the listening sockets, and has one gateway serve on them after another: when the configuration is to be read anew, the next one comes up
// beside the one that serves, and only when it does serve, that one finishes what it has. It loads nothing of an app or a configuration: what
// they do wrong is not done to it.
import type { AdminStatus, GatewayStatus, Outcome } from '../admin/status.ts'
import { Log } from '../log.ts'
import type { RawHandle } from '../succession.ts'
import { AdminDesk } from './admin-desk.ts'
import {
  FIRST_SOCKET,
  GatewayProcess,
  type GatewayCommand,
  type GatewayExit,
  type GatewayListener,
} from './gateway-process.ts'
import { keepInherited } from './inherited.ts'
import type { Ready, Report, StopSignal } from './orders.ts'
import { KeptSockets } from './sockets.ts'
import { ServiceManager } from '../service-manager.ts'
import { version } from '../version.ts'

/** How long the start of a gateway waits that follows one which died, in milliseconds: the first time, and at most. */
const AGAIN_MS = 50
const AGAIN_MAX_MS = 5000
/** A gateway that served for so long was no failed start. */
const STEADY_MS = 10_000

/** The supervisor. */
export class Supervisor implements GatewayListener {
  readonly #command: GatewayCommand
  readonly #sockets = new KeptSockets()
  readonly #over = Promise.withResolvers<number>()
  readonly #running = new Set<GatewayProcess>()
  #log: Log = new Log('text')
  #generations = 0
  /** The one that serves. */
  #current: GatewayProcess | undefined
  /** The one that comes up. */
  #next: GatewayProcess | undefined
  /** One that was coming up, and was given up: the next one is started when it has let go of what it has, addresses above all. */
  #givenUp: GatewayProcess | undefined
  readonly #admin: AdminDesk
  readonly #manager: ServiceManager | undefined
  /** Those who wait for a reload. */
  readonly #waiting: ((outcome: Outcome) => void)[] = []
  /** What asked for another one while none could be started yet. */
  #once: string | undefined
  #again = AGAIN_MS
  #timer: NodeJS.Timeout | undefined
  #since = 0
  #stopping = false
  #code = 0

  /** `pid`: the process that was started as Sidegate. */
  constructor(command: GatewayCommand, pid: number = process.pid) {
    this.#manager = ServiceManager.of(command.env, pid, (why) =>
      this.#log.warn(`the service manager (NOTIFY_SOCKET) cannot be told how it is: ${why}`, { code: 'NOTIFY_LOST' }),
    )
    this.#command = command
    keepInherited(this.#sockets, (process as { channel?: { fd?: number } }).channel?.fd)
    this.#admin = new AdminDesk({
      status: () => this.status(),
      reload: () => this.reload('sidegate reload'),
      stop: () => this.stop('SIGTERM'),
    })
  }

  /** Starts the first gateway. Resolves with the exit code once the last one has ended. */
  async run(): Promise<number> {
    this.#start()
    const code = await this.#over.promise
    this.#admin.close()
    await this.#manager?.sent()
    return code
  }

  /**
   * Has another gateway take over. One that is coming up already makes room: it may have read what is no longer so, or hang.
   * @param signal what asks for it, for the log
   * @returns once the next one serves, or has not come up
   */
  reload(signal: string): Promise<Outcome> {
    if (this.#stopping) return Promise.resolve({ done: false, code: 'RELOAD_FAILED', message: 'it is being stopped' })
    this.#reload(signal)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #reload(signal: string): void {
    if (this.#givenUp) return
    const early = this.#next
    if (early && this.#since === 0) {
      this.#once = signal
      this.#log.info(
        `${signal}: gateway ${early.generation} is still coming up; once it serves, the next one follows it`,
      )
      return
    }
    if (early) {
      this.#log.info(`${signal}: gateway ${early.generation} was coming up, and is given up for the next one`)
      this.#next = undefined
      this.#givenUp = early
      this.#once = signal
      early.end({ type: 'followed' })
      return
    }
    clearTimeout(this.#timer)
    this.#startFor(signal)
  }

  #startFor(signal: string): void {
    this.#start()
    this.#manager?.reloading(`gateway ${this.#next!.generation} comes up${this.#beside}`)
    this.#log.info(`${signal}: gateway ${this.#next!.generation} comes up${this.#beside}`)
  }

  /** Tells those who wait for a reload. */
  #outcome(outcome: Outcome): void {
    for (const resolve of this.#waiting.splice(0)) resolve(outcome)
  }

  /** What runs, and what it does. */
  async status(): Promise<AdminStatus> {
    const gateways = [...this.#running].map(async (gateway): Promise<GatewayStatus> => {
      const { generation, pid = 0, since } = gateway
      const state = gateway.ending ? 'finishes' : gateway === this.#current ? 'serves' : 'starts'
      return {
        generation,
        pid,
        state,
        since: since.toISOString(),
        report: gateway.ready ? await gateway.ask() : undefined,
      }
    })
    return { version: version(), pid: process.pid, supervised: true, gateways: await Promise.all(gateways) }
  }

  get #beside(): string {
    return this.#current ? ` beside gateway ${this.#current.generation}, which serves until then` : ''
  }

  /** Has all end that they have under way; the second time at once. */
  stop(signal: StopSignal): void {
    const again = this.#stopping
    this.#stopping = true
    clearTimeout(this.#timer)
    this.#outcome({ done: false, code: 'RELOAD_FAILED', message: 'it is being stopped' })
    if (!again) this.#manager?.stopping(`${signal}: finishes what is under way`)
    // The last who has a socket answers what waits there.
    this.#sockets.release()
    for (const gateway of this.#running)
      if (again) gateway.hurry(signal)
      else if (!gateway.ending) gateway.end({ type: 'stop', signal })
    if (this.#running.size === 0) this.#over.resolve(this.#code)
  }

  report(gateway: GatewayProcess, report: Report, handle: RawHandle | undefined): void {
    if (report.type === 'ready') this.#ready(gateway, report)
    else if (handle && report.type === 'socket') this.#keep(gateway, report.listener, handle, report.file)
    else if (handle && report.type === 'connection') this.#relay(gateway, report, handle)
  }

  exited(gateway: GatewayProcess, { code, signal }: GatewayExit): void {
    this.#running.delete(gateway)
    const { generation } = gateway
    const how = signal ?? `exit code ${code}`
    if (gateway === this.#current) {
      this.#current = undefined
      this.#code = code ?? 1
      if (!this.#stopping) this.#died(generation, how)
    } else if (gateway === this.#next) {
      this.#next = undefined
      if (!this.#stopping) this.#failed(gateway, how, code ?? 1)
    } else if (!this.#stopping) this.#log.info(`gateway ${generation} is over`)
    if (gateway === this.#givenUp) {
      this.#givenUp = undefined
      if (!this.#stopping) this.#startFor(this.#takeOnce()!)
    }
    if (this.#stopping && this.#running.size === 0) this.#over.resolve(this.#code)
  }

  #start(): void {
    const { numbers, sockets } = this.#sockets.handDown(FIRST_SOCKET)
    const handed = { generation: ++this.#generations, pid: process.pid, sockets }
    this.#next = new GatewayProcess(this.#command, handed, numbers, this)
    this.#running.add(this.#next)
  }

  #ready(gateway: GatewayProcess, { logFormat, listeners, stopTimeout, admin }: Ready): void {
    gateway.ready = true
    gateway.stopTimeout = stopTimeout
    if (gateway !== this.#next || this.#stopping) return
    const before = this.#current
    this.#log = new Log(logFormat)
    void this.#admin.at(admin, this.#log)
    this.#current = gateway
    this.#next = undefined
    this.#since = performance.now()
    this.#sockets.takeAll(gateway.made)
    this.#sockets.keepOnly(listeners)
    this.#manager?.ready(`gateway ${gateway.generation} serves`)
    this.#manager?.watch(() => this.#lookAfter())
    if (before) {
      before.end({ type: 'followed' })
      this.#log.info(`gateway ${gateway.generation} serves, gateway ${before.generation} finishes what it has`)
    }
    const once = this.#takeOnce()
    if (once !== undefined) this.#reload(once)
    else this.#outcome({ done: true, message: `gateway ${gateway.generation} serves` })
  }

  #takeOnce(): string | undefined {
    const once = this.#once
    this.#once = undefined
    return once
  }

  #keep(
    gateway: GatewayProcess,
    listener: string,
    handle: RawHandle,
    file: (Report & { type: 'socket' })['file'],
  ): void {
    // What one has made that was given up meanwhile ends with it.
    if (this.#stopping || gateway !== this.#next) handle.close()
    else gateway.made.add(listener, handle, file)
  }

  /** The connection goes to the gateway that serves; the copy here is not needed then. */
  #relay(from: GatewayProcess, { connection }: Report & { type: 'connection' }, handle: RawHandle): void {
    const to = this.#current
    if (to && to !== from) to.tell({ type: 'connection', connection }, handle, () => handle.close())
    else handle.close()
  }

  /**
   * For a service manager that watches: a gateway that has said nothing for as long as it waits for a sign of life is ended, and replaced,
   * before it ends them all.
   */
  async #lookAfter(): Promise<boolean> {
    const gateway = this.#current
    const most = this.#manager!.watchdog
    if (gateway && !(await gateway.ask()) && gateway === this.#current && gateway.silent > most) {
      const message = `gateway ${gateway.generation} has not answered for ${most / 1000} s (the time of the service manager's watchdog), and is ended`
      this.#log.error(message, { code: 'GATEWAY_STUCK' })
      gateway.kill()
    }
    return true
  }

  /** The one that served is gone. What comes meanwhile waits at the sockets. */
  #died(generation: number, how: string): void {
    if (performance.now() - this.#since > STEADY_MS) this.#again = AGAIN_MS
    this.#log.error(`gateway ${generation} ended (${how}); another one is started`, { code: 'GATEWAY_DIED' })
    this.#manager?.status(`gateway ${generation} ended (${how}); another one is started`)
    if (!this.#next && !this.#givenUp) this.#startLater()
  }

  #startLater(): void {
    this.#timer = setTimeout(() => this.#start(), this.#again)
    this.#again = Math.min(2 * this.#again, AGAIN_MAX_MS)
  }

  /** One did not come up. Why, it has said itself. */
  #failed({ generation, why }: GatewayProcess, how: string, code: number): void {
    if (this.#current) {
      this.#log.error(
        `gateway ${generation} did not come up (${how}): gateway ${this.#current.generation} serves on, nothing has changed`,
        { code: 'RELOAD_FAILED' },
      )
      this.#manager?.ready(`gateway ${this.#current.generation} serves; gateway ${generation} did not come up (${how})`)
      this.#outcome({ done: false, code: 'RELOAD_FAILED', message: why || how })
      return
    }
    if (this.#since === 0) {
      this.#over.resolve(code)
      return
    }
    this.#log.error(`gateway ${generation} did not come up (${how}); another one is started`, { code: 'GATEWAY_DIED' })
    this.#startLater()
  }
}
