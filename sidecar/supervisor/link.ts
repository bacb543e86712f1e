// A gateway's end of the two ways to its supervisor.
import { closeSync } from 'node:fs'
import { askOf, type Controlled } from '../admin/control.ts'
import type { HandedSocket, PassedConnection, RawHandle, Succession } from '../succession.ts'
import type { Watched } from './file-watch.ts'
import { HANDED, type Handed, type Order, type Ready, type Report, type StopSignal } from './orders.ts'
import { ReportLine } from './report-line.ts'

/** The way of sockets and orders: a process' own, as Node.js has it. */
interface Channel {
  readonly connected: boolean
  send(message: Report, handle: RawHandle, done: () => void): void
  on(event: 'message' | 'disconnect', listener: (message: Order, handle: RawHandle | undefined) => void): void
}

/** How often it is looked whether the supervisor is there, in milliseconds. */
const PARENT_MS = 1000

/** What a gateway is to its supervisor, one generation of several. */
export class SupervisorLink implements Succession {
  readonly generation: number
  readonly startedPid: number
  /** This process is to be a supervisor itself. */
  readonly supervises: boolean
  /** Which of the processes of its generation this is, from 0 on. */
  readonly place: number
  followed = false
  readonly #channel: Channel
  readonly #reports: ReportLine
  readonly #handed: Handed
  /** Listening sockets that were sent. */
  #sockets = 0
  readonly #early: [PassedConnection, RawHandle][] = []
  #take: ((connection: PassedConnection, handle: RawHandle) => void) | undefined
  #gateway: Controlled | undefined
  readonly #follow = Promise.withResolvers<void>()
  readonly #stopping = new Set<(signal: StopSignal) => void>()
  /** Said before anybody listened. */
  readonly #told: StopSignal[] = []
  readonly #gone = Promise.withResolvers<void>()
  #alone = false
  #others: ((order: Order) => void) | undefined

  constructor(handed: Handed, channel: Channel) {
    this.generation = handed.generation
    this.startedPid = handed.pid
    this.supervises = handed.supervisor
    this.place = handed.place
    this.#handed = handed
    this.#channel = channel
    this.#reports = new ReportLine(handed.reports)
    channel.on('message', (order, handle) => this.#hear(order, handle))
    const gone = (): void => {
      clearInterval(look)
      if (!this.#alone) this.#gone.resolve()
    }
    channel.on('disconnect', gone)
    // A channel on which a socket waits to be taken does not tell of its end.
    const parent = process.ppid
    const look = setInterval(() => process.ppid === parent || gone(), PARENT_MS).unref()
  }

  /** Resolves when another gateway serves. */
  get succeeded(): Promise<void> {
    return this.#follow.promise
  }

  /** Resolves when the supervisor is no more: nobody follows then, and nobody would start another gateway. */
  get orphaned(): Promise<void> {
    return this.#gone.promise
  }

  /** Calls `listener` each time the supervisor says to stop; gives the way to end that. */
  onStop(listener: (signal: StopSignal) => void): () => void {
    this.#stopping.add(listener)
    for (const signal of this.#told.splice(0)) listener(signal)
    return () => this.#stopping.delete(listener)
  }

  /** Has `listener` called for what only a supervisor is told. */
  onOrder(listener: (order: Order) => void): void {
    this.#others = listener
  }

  /** All that were handed down, by the keys of their listeners. */
  get sockets(): Readonly<Record<string, HandedSocket>> {
    return this.#handed.sockets
  }

  socket(listener: string): HandedSocket | undefined {
    return this.#handed.sockets[listener]
  }

  closeOthers(listeners: readonly string[]): void {
    for (const [key, { fd }] of Object.entries(this.#handed.sockets)) if (!listeners.includes(key)) closeSync(fd)
  }

  keep(listener: string, handle: RawHandle, file: HandedSocket['file']): void {
    this.#sockets++
    this.#send({ type: 'socket', listener, file }, handle)
  }

  /** It serves. Resolves once that is said. */
  ready(what: Omit<Ready, 'generation' | 'sockets'>, gateway: Controlled): Promise<void> {
    this.#gateway = gateway
    const { generation } = this
    const said = new Promise<void>((resolve) =>
      this.#report({ type: 'ready', generation, ...what, sockets: this.#sockets }, resolve),
    )
    return Promise.race([said, this.orphaned])
  }

  /** What only a supervisor says. */
  say(report: Extract<Report, { type: 'ready' | 'stopping' | 'upgrade' }>): void {
    this.#report(report.type === 'ready' ? { ...report, sockets: this.#sockets } : report)
  }

  /** What it is to be started anew for has become another. */
  watch(watched: Watched): void {
    this.#report({ type: 'watched', watched })
  }

  /** It does not come up. */
  failed(why: string): void {
    this.#report({ type: 'failed', why })
  }

  pass(connection: PassedConnection, handle: RawHandle, gone: () => void): void {
    this.#send({ type: 'connection', connection }, handle, gone)
  }

  onPassed(take: (connection: PassedConnection, handle: RawHandle) => void): void {
    this.#take = take
    for (const [connection, handle] of this.#early.splice(0)) take(connection, handle)
  }

  #hear(order: Order, handle: RawHandle | undefined): void {
    switch (order.type) {
      case 'followed':
        this.followed = true
        return this.#follow.resolve()
      case 'stop':
        if (this.#stopping.size === 0) this.#told.push(order.signal)
        for (const listener of this.#stopping) listener(order.signal)
        return
      case 'ask':
        if (this.#gateway) void this.#answer(this.#gateway, order)
        return
      case 'alone':
        this.#alone = true
        return this.#others?.(order)
      case 'reload':
        return this.#others?.(order)
      case 'connection':
        if (handle && this.#take) this.#take(order.connection, handle)
        else if (handle) this.#early.push([order.connection, handle])
    }
  }

  async #answer(gateway: Controlled, { number, ask }: Order & { type: 'ask' }): Promise<void> {
    this.#report({ type: 'answer', number, answered: await askOf(gateway, ask) })
  }

  #report(report: Report, done: () => void = () => {}): void {
    this.#reports.say(report, done)
  }

  #send(report: Report, handle: RawHandle, done: () => void = () => {}): void {
    // Where the supervisor is no more, that is told by `orphaned`.
    if (!this.#channel.connected) return done()
    this.#channel.send(report, handle, done)
  }
}

/**
 * The link of a process that a supervisor has started; undefined for any other. What it was told is taken out of the environment, and the
 * channel out of the sight of apps: some say `ready` to whoever started them.
 */
export function supervisorLink(process: NodeJS.Process): SupervisorLink | undefined {
  const text = process.env[HANDED]
  const send = process.send?.bind(process)
  if (text === undefined || !send) return undefined
  delete process.env[HANDED]
  delete process.send
  return new SupervisorLink(JSON.parse(text) as Handed, {
    get connected() {
      return process.connected
    },
    send: (message, handle, done) => send(message, handle as never, undefined, done),
    on: (event, listener) => process.on(event, listener as never),
  })
}
