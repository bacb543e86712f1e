// sidegate dev: keeps the listening sockets, and has another gateway take the place of the one that serves as soon as a file has changed. Unlike the
// supervisor it waits for nothing: who asks meanwhile waits at the sockets, and is answered by what was just written, never by what was before.
import type { AdminDesk } from '../admin/desk.ts'
import { Log } from '../log.ts'
import type { PassedConnection, RawHandle } from '../succession.ts'
import { FileWatch } from './file-watch.ts'
import {
  FIRST_SOCKET,
  GatewayProcess,
  howItEnded,
  type GatewayCommand,
  type GatewayExit,
  type GatewayListener,
} from './gateway-process.ts'
import { tellFault } from './fault.ts'
import type { Ready, Report, StopSignal } from './orders.ts'
import { KeptSockets } from './sockets.ts'
import { askAll, statusOf } from './status.ts'

/** How often is looked whether a file has changed, in milliseconds: a few hundred of them. */
const LOOK_MS = 100

/** Starts one gateway after another. */
export class Workbench implements GatewayListener {
  readonly #command: GatewayCommand
  readonly #sockets = new KeptSockets()
  readonly #running = new Set<GatewayProcess>()
  readonly #over = Promise.withResolvers<number>()
  readonly #watch = new FileWatch((path) => this.restart(`${path} has changed`), LOOK_MS)
  readonly #log = new Log('text')
  /** Handed over by one that ends, for the one that comes up. */
  readonly #passed: [PassedConnection, RawHandle][] = []
  #generations = 0
  #current: GatewayProcess | undefined
  #next: GatewayProcess | undefined
  #desk: AdminDesk | undefined
  #began = 0
  #stopping = false
  #code = 0

  constructor(command: GatewayCommand) {
    this.#command = command
  }

  /** Resolves with the exit code once all has ended. */
  async run(): Promise<number> {
    this.#start()
    const code = await this.#over.promise
    this.#watch.close()
    this.#desk?.close()
    return code
  }

  /** Another gateway takes the place of the one that serves, or comes up. */
  restart(why: string): void {
    if (this.#stopping) return
    const { current, next } = { current: this.#current, next: this.#next }
    this.#current = this.#next = undefined
    current?.end({ type: 'followed' })
    next?.kill()
    this.#start()
    this.#log.info(why)
  }

  /** Ends what runs; the second time at once. */
  stop(signal: StopSignal): void {
    const again = this.#stopping
    this.#stopping = true
    this.#sockets.release()
    for (const [, handle] of this.#passed.splice(0)) handle.close()
    for (const gateway of this.#running)
      if (again) gateway.hurry(signal)
      else if (!gateway.ending) gateway.end({ type: 'stop', signal })
    if (this.#running.size === 0) this.#over.resolve(this.#code)
  }

  report(gateway: GatewayProcess, report: Report, handle: RawHandle | undefined): void {
    if (report.type === 'ready') this.#ready(gateway, report)
    else if (report.type === 'watched') {
      if (gateway === this.#current || gateway === this.#next) void this.#watch.at(report.watched)
    } else if (handle && report.type === 'socket') {
      if (this.#stopping || gateway !== this.#next) handle.close()
      else gateway.made.add(report.listener, handle, report.file)
    } else if (handle && report.type === 'connection') {
      if (this.#stopping) handle.close()
      else if (this.#current) this.#pass(this.#current, report.connection, handle)
      else this.#passed.push([report.connection, handle])
    }
  }

  /** Something is wrong in this process itself, or an app has written where its gateway reports. It goes on. */
  fault(error: unknown): void {
    tellFault(error, this.#log)
    if (this.#running.size === 0) this.#over.resolve(1)
  }

  exited(gateway: GatewayProcess, exit: GatewayExit): void {
    this.#running.delete(gateway)
    if (gateway === this.#current || gateway === this.#next) {
      const served = gateway === this.#current
      this.#current = this.#next = undefined
      this.#code = exit.code ?? 1
      if (!this.#stopping) this.#ended(served, howItEnded(exit))
    }
    if (this.#stopping && this.#running.size === 0) this.#over.resolve(this.#code)
  }

  /** One ended by itself: at first because it cannot serve at all, later by its app. */
  #ended(served: boolean, how: string): void {
    if (this.#generations === 1 && !served) return this.#over.resolve(this.#code)
    this.#log.error(
      `the gateway ended (${how})${served ? '' : ' before it served: the next change starts another one'}`,
      {
        code: 'GATEWAY_DIED',
      },
    )
    if (served) this.#start()
  }

  #start(): void {
    this.#began = performance.now()
    const { numbers, sockets } = this.#sockets.handDown(FIRST_SOCKET)
    const handed = { generation: ++this.#generations, pid: process.pid, supervisor: false, place: 0, sockets }
    this.#next = new GatewayProcess(this.#command, handed, numbers, this)
    this.#running.add(this.#next)
  }

  #ready(gateway: GatewayProcess, ready: Ready): void {
    gateway.ready = true
    gateway.stopTimeout = ready.stopTimeout
    if (this.#stopping || gateway !== this.#next) return
    this.#current = gateway
    this.#next = undefined
    this.#sockets.takeAll(gateway.made, () => {})
    this.#sockets.keepOnly(ready.listeners)
    for (const [connection, handle] of this.#passed.splice(0)) this.#pass(gateway, connection, handle)
    if (gateway.generation > 1) this.#log.info(`serves again after ${Math.round(performance.now() - this.#began)} ms`)
    void this.#watch.at(ready.watched)
    void this.#administer(ready.admin)
  }

  /** One process is a generation here. */
  get #each(): { readonly processes: readonly [GatewayProcess] }[] {
    return [...this.#running].map((one) => ({ processes: [one] }))
  }

  #pass(to: GatewayProcess, connection: PassedConnection, handle: RawHandle): void {
    to.tell({ type: 'connection', connection }, handle, () => handle.close())
  }

  async #administer(place: string): Promise<void> {
    if (!this.#desk) {
      const { AdminDesk } = await import('../admin/desk.ts')
      this.#desk ??= new AdminDesk({
        status: () => {
          const all = this.#each
          return statusOf(
            all,
            all.find(({ processes: [one] }) => one === this.#current),
          )
        },
        ask: (ask, serving) => askAll(this.#each, ask, serving, this.#log),
        reload: async () => {
          this.restart('sidegate reload')
          return { done: true, message: 'another gateway comes up' }
        },
        stop: () => this.stop('SIGTERM'),
      })
    }
    await this.#desk.at(place, this.#log)
  }
}
