// Owns the listening sockets, and has one gateway serve on them after another: when the configuration is to be read anew, the next one comes up
// beside the one that serves, and only when it does serve, that one finishes what it has. It loads nothing of an app or a configuration: what
// they do wrong is not done to it.
//
// Another version of Sidegate takes over in the same way: a supervisor of its own, with a gateway, comes up in the place of the next gateway. Where
// a service manager can be told of it, it is the service from then on, and this process ends; else whoever has started this process waits for it,
// so that it stays, and passes on what it is told.
import { AdminDesk } from '../admin/desk.ts'
import type { Outcome } from '../admin/status.ts'
import { Log } from '../log.ts'
import type { RawHandle } from '../succession.ts'
import { BackOff } from './back-off.ts'
import { Echoes } from './echoes.ts'
import { FileWatch } from './file-watch.ts'
import { FIRST_SOCKET, GatewayProcess, howItEnded, SPARE_MS, type GatewayExit } from './gateway-process.ts'
import { Generation, type GenerationListener, type StartProcess } from './generation.ts'
import { keepInherited } from './inherited.ts'
import type { SupervisorLink } from './link.ts'
import type { Ready, Report, StopSignal } from './orders.ts'
import { OwnLog } from './own-log.ts'
import { KeptSockets } from './sockets.ts'
import { askAll, statusOf } from './status.ts'
import { tellFault } from './fault.ts'
import { endIfStuck } from './stuck.ts'
import { ServiceManager } from '../service-manager.ts'
import type { Commands, StopWay, Wish } from './wish.ts'

/** The supervisor. */
export class Supervisor implements GenerationListener {
  readonly #commands: Commands
  readonly #sockets = new KeptSockets()
  readonly #over = Promise.withResolvers<number>()
  readonly #running = new Set<Generation>()
  readonly #ownLog: OwnLog
  #log: Log = new Log('text')
  #generations = 0
  /** The one that serves. */
  #current: Generation | undefined
  /** The one that comes up. */
  #next: Generation | undefined
  /** One that was coming up, and was given up: the next one is started when it has let go of what it has, addresses above all. */
  #givenUp: Generation | undefined
  readonly #admin: AdminDesk
  readonly #watch = new FileWatch((path) => void this.reload(`${path} has changed`))
  readonly #manager: ServiceManager | undefined
  /** The process that was started as Sidegate. */
  readonly #pid: number
  /** Those who wait for a reload. */
  readonly #waiting: ((outcome: Outcome) => void)[] = []
  /** What asked for another one while none could be started yet. */
  #once: Wish | undefined
  /** The supervisor whose place this one is to take, or has taken. */
  #above: SupervisorLink | undefined
  /** The supervisor that has taken the place of this one. */
  #successor: Generation | undefined
  /** Connections that are on their way through this process. */
  #passing = 0
  readonly #backOff = new BackOff()
  #timer: NodeJS.Timeout | undefined
  #since = 0
  #stopping = false
  /** To stop: what ends because another supervisor has taken its place was not told so. */
  #told = false
  readonly #echoes = new Echoes()
  #code = 0

  /** @param above the supervisor whose place this one is to take */
  constructor(commands: Commands, above?: SupervisorLink) {
    this.#pid = above?.startedPid ?? process.pid
    this.#manager = ServiceManager.of(commands.supervisors.env, this.#pid, () => this.#log)
    this.#commands = commands
    this.#ownLog = new OwnLog(commands.gateways.account)
    this.#above = above
    if (above) {
      for (const [key, socket] of Object.entries(above.sockets)) this.#sockets.inherit(key, socket)
      this.#generations = above.generation - 1
      above.onOrder((order) => {
        if (order.type === 'alone') this.#above = undefined
        else if (order.type === 'reload') void this.reload(order.signal)
      })
      above.onStop((signal) => this.stop(signal, 'above'))
      above.onPassed((connection, handle) => this.#relay({ type: 'connection', connection }, handle))
      void above.succeeded.then(() => this.#followed())
      void above.orphaned.then(() => this.stop('SIGTERM', 'orphaned'))
    } else keepInherited(this.#sockets, (process as { channel?: { fd?: number } }).channel?.fd)
    this.#admin = new AdminDesk({
      status: () => statusOf(this.#running, this.#current),
      ask: (ask, serving) => askAll(this.#running, ask, serving, this.#log),
      reload: () => this.reload('sidegate reload'),
      stop: () => this.stop('SIGTERM'),
    })
  }

  /** Starts the first gateway. Resolves with the exit code once the last one has ended. */
  async run(): Promise<number> {
    this.#start()
    const code = await this.#over.promise
    this.#admin.close()
    this.#watch.close()
    await this.#manager?.sent()
    return code
  }

  /**
   * Has another gateway take over. One that is coming up already makes room: it may have read what is no longer so, or hang.
   * @param signal what asks for it, for the log
   * @returns once the next one serves, or has not come up
   */
  reload(signal: string): Promise<Outcome> {
    return this.#wanted({ signal, supervisor: false })
  }

  /** As `reload`, and the next gateway has a supervisor of the version that is installed now, which takes the place of this one. */
  upgrade(signal: string): Promise<Outcome> {
    if (!this.#above) return this.#wanted({ signal, supervisor: true })
    // Where two take turns, it is the one above that starts them.
    this.#above.say({ type: 'upgrade', signal })
    return Promise.resolve({ done: true, message: 'passed on' })
  }

  /** Says something that concerns none of its gateways. */
  note(message: string): void {
    this.#log.info(message)
  }

  /**
   * Something is wrong in this process itself: an app has written into the channel of its gateway, or the system gives nothing more. The sockets and
   * the gateways are worth more than its end.
   */
  fault(error: unknown): void {
    tellFault(error, this.#log)
    if (this.#running.size > 0) return
    if (this.#stopping || this.#since === 0) this.#over.resolve(1)
    else this.#startLater()
  }

  #wanted(wish: Wish): Promise<Outcome> {
    if (this.#stopping) return Promise.resolve({ done: false, code: 'RELOAD_FAILED', message: 'it is being stopped' })
    if (!wish.supervisor && !this.#next && !this.#givenUp && this.#current?.supervises) {
      this.#current.tell({ type: 'reload', signal: wish.signal })
      return Promise.resolve({ done: true, message: 'passed on' })
    }
    this.#bringUp(wish)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #bringUp(wish: Wish): void {
    const { signal } = wish
    if (this.#givenUp) {
      if (wish.supervisor) this.#once = wish
      return
    }
    const early = this.#next
    if (early && this.#since === 0) {
      this.#once = wish
      this.#log.info(
        `${signal}: gateway ${early.generation} is still coming up; once it serves, the next one follows it`,
      )
      return
    }
    if (early) {
      this.#log.info(`${signal}: gateway ${early.generation} was coming up, and is given up for the next one`)
      this.#next = undefined
      this.#givenUp = early
      this.#once = { signal, supervisor: wish.supervisor || early.supervises }
      early.end({ type: 'followed' })
      return
    }
    clearTimeout(this.#timer)
    this.#startFor(wish)
  }

  #startFor({ signal, supervisor }: Wish): void {
    this.#start(supervisor)
    const beside = this.#current ? ` beside gateway ${this.#current.generation}, which serves until then` : ''
    const what = `gateway ${this.#next!.generation} comes up${supervisor ? ' with a supervisor of its own' : ''}${beside}`
    this.#manager?.reloading(what)
    this.#log.info(`${signal}: ${what}`)
  }

  /** Tells those who wait for a reload. */
  #outcome(outcome: Outcome): void {
    for (const resolve of this.#waiting.splice(0)) resolve(outcome)
  }

  /** Has all end that they have under way; the second time at once. */
  stop(signal: StopSignal, way: StopWay = 'own'): void {
    if (this.#echoes.again(way)) return
    const again = this.#told
    this.#told = this.#stopping = true
    if (way === 'own' || way === 'below') this.#above?.say({ type: 'stopping', signal })
    clearTimeout(this.#timer)
    this.#outcome({ done: false, code: 'RELOAD_FAILED', message: 'it is being stopped' })
    if (!again) this.#manager?.stopping(`${signal}: finishes what is under way`)
    // The last who has a socket answers what waits there.
    this.#sockets.release()
    for (const gateway of this.#running)
      if (again) gateway.hurry(signal)
      else if (!gateway.ending) gateway.end({ type: 'stop', signal })
    this.#lookWhetherOver()
  }

  /** Another supervisor has taken the place of this one: all finish what they have, and hand over what rests. */
  #followed(): void {
    this.#stopping = true
    clearTimeout(this.#timer)
    this.#admin.close()
    this.#sockets.release()
    for (const gateway of this.#running) if (!gateway.ending) gateway.end({ type: 'followed' })
    this.#lookWhetherOver()
  }

  /** All that this process has to wait for is over. */
  #lookWhetherOver(): void {
    if (!this.#stopping || this.#passing > 0 || this.#successor?.awaits) return
    if (this.#running.size === 0) this.#over.resolve(this.#code)
  }

  report(gateway: Generation, report: Report, handle: RawHandle | undefined): void {
    if (report.type === 'ready') this.#ready(gateway, report)
    else if (handle && report.type === 'socket') this.#keep(gateway, report.listener, handle, report.file)
    else if (handle && report.type === 'connection') this.#relay(report, handle, gateway)
    else if (report.type === 'upgrade') void this.upgrade(report.signal)
    else if (report.type === 'stopping') {
      gateway.ending = true
      this.stop(report.signal, 'below')
    }
  }

  exited(gateway: Generation, exit: GatewayExit): void {
    this.#running.delete(gateway)
    const { generation } = gateway
    const how = howItEnded(exit)
    // The next one may have served, and its word of that not been read.
    if (gateway === this.#current || gateway === this.#next) this.#code = exit.code ?? 1
    if (gateway === this.#current) {
      this.#current = undefined
      if (!this.#stopping) this.#died(gateway, how)
    } else if (gateway === this.#next) {
      this.#next = undefined
      if (!this.#stopping) this.#failed(gateway, how, exit.code ?? 1)
    } else if (!this.#stopping) this.#log.info(`gateway ${generation} is over`)
    if (gateway === this.#givenUp) {
      this.#givenUp = undefined
      if (!this.#stopping) this.#startFor(this.#takeOnce()!)
    }
    this.#lookWhetherOver()
  }

  #start(supervisor = false): void {
    const generation = ++this.#generations
    const start: StartProcess = (place, made, listener) => {
      const { numbers, sockets } = this.#sockets.handDown(FIRST_SOCKET, made)
      const handed = { generation, pid: this.#pid, supervisor, place, sockets }
      const command = supervisor ? this.#commands.supervisors : this.#commands.gateways
      return new GatewayProcess(command, handed, numbers, listener)
    }
    this.#next = new Generation(start, this, () => this.#log)
    this.#running.add(this.#next)
  }

  #ready(gateway: Generation, ready: Ready): void {
    gateway.ready = true
    gateway.stopTimeout = ready.stopTimeout
    if (this.#stopping) return
    // Below another supervisor it may be the next one by now.
    if (gateway === this.#current) return this.#settle(gateway, ready)
    if (gateway !== this.#next) return
    const before = this.#current
    this.#current = gateway
    this.#next = undefined
    this.#since = performance.now()
    this.#settle(gateway, ready)
    if (before) {
      before.end({ type: 'followed' })
      this.#log.info(`gateway ${gateway.generation} serves, gateway ${before.generation} finishes what it has`)
    }
    if (gateway.supervises) void this.#retire(gateway)
    const once = this.#takeOnce()
    if (once !== undefined) this.#bringUp(once)
    else this.#outcome({ done: true, message: `gateway ${gateway.generation} serves` })
  }

  /** The one that serves has said with what. */
  #settle(gateway: Generation, ready: Ready): void {
    this.#log = this.#ownLog.at(ready.log)
    this.#generations = Math.max(this.#generations, ready.generation)
    this.#sockets.takeAll(gateway.made, (...kept) => this.#above?.keep(...kept))
    this.#sockets.keepOnly(ready.listeners)
    // Its own time, and what is left to see to its end here.
    this.#above?.say({ type: 'ready', ...ready, stopTimeout: ready.stopTimeout + SPARE_MS })
    void this.#watch.at(gateway.supervises ? { files: [], trees: [] } : ready.watched)
    if (gateway.supervises) return this.#admin.close()
    void this.#admin.at(ready.admin, this.#log, this.#above !== undefined)
    this.#manager?.ready(`gateway ${gateway.generation} serves`)
    this.#manager?.watch(() => endIfStuck(this.#current?.processes ?? [], this.#manager!.watchdog, this.#log))
  }

  /**
   * Another supervisor has taken the place of this one. Where the service manager knows that, this process ends when its own gateways have; else
   * it stays for whoever has started it.
   */
  async #retire(successor: Generation): Promise<void> {
    const isTold = await this.#manager?.main(successor.pid!)
    // It may be gone already: the next gateway is this one's again.
    if (successor.ended || this.#current !== successor) return
    const then = isTold ? 'ends once its gateways have' : 'stays for whoever has started it'
    this.#log.info(`process ${successor.pid} is the supervisor now, process ${process.pid} ${then}`)
    if (!isTold || this.#stopping) return
    this.#stopping = true
    this.#successor = successor
    this.#running.delete(successor)
    this.#sockets.release()
    successor.tell({ type: 'alone' })
    this.#lookWhetherOver()
  }

  #takeOnce(): Wish | undefined {
    const once = this.#once
    this.#once = undefined
    return once
  }

  #keep(gateway: Generation, listener: string, handle: RawHandle, file: (Report & { type: 'socket' })['file']): void {
    // What one has made that was given up meanwhile ends with it.
    if (this.#stopping || (gateway !== this.#next && gateway !== this.#current)) handle.close()
    else gateway.made.add(listener, handle, file)
  }

  /** The connection goes to the gateway that serves; the copy here is not needed then. */
  #relay({ connection }: Report & { type: 'connection' }, handle: RawHandle, from?: Generation): void {
    const sent = (): void => {
      this.#passing--
      handle.close()
      this.#lookWhetherOver()
    }
    this.#passing++
    const to = this.#current
    if (to && to !== from) to.tell({ type: 'connection', connection }, handle, sent)
    else if (this.#above) this.#above.pass(connection, handle, sent)
    else sent()
  }

  /** The one that served is gone. What comes meanwhile waits at the sockets. */
  #died({ generation, supervises }: Generation, how: string): void {
    // Before the next one is ready: the manager asks for the watchdog of whoever is the service.
    if (supervises) void this.#manager?.main(process.pid)
    this.#backOff.servedSince(this.#since)
    this.#log.error(`gateway ${generation} ended (${how}); another one is started`, { code: 'GATEWAY_DIED' })
    this.#manager?.status(`gateway ${generation} ended (${how}); another one is started`)
    if (!this.#next && !this.#givenUp) this.#startLater()
  }

  #startLater(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#start(), this.#backOff.next())
  }

  /** One did not come up. Why, it has said itself. */
  #failed({ generation, why }: Generation, how: string, code: number): void {
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
      this.#above?.failed(why)
      return void this.#over.resolve(code)
    }
    this.#log.error(`gateway ${generation} did not come up (${how}); another one is started`, { code: 'GATEWAY_DIED' })
    this.#startLater()
  }
}
