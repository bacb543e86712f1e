// Joins listeners, router and mounts: start, drain, close. Only cli/ imports this.
import { resolve } from 'node:path'
import type { Host } from '../plugin/host.ts'
import { hosts } from '../plugin/index.ts'
import { mergeSlashes } from '../plugin/path.ts'
import { ACCESS_LOG_ONLY } from './access-log-only.ts'
import { readyEngine } from './engine.ts'
import { Rest } from './rest.ts'
import type { Controlled } from './admin/control.ts'
import type { GatewayReport } from './admin/report.ts'
import { ConfigError, PeerError, type SidegateError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { formatEndpoint, parseListenAddress, type Endpoint } from './address.ts'
import type { Reception } from './listen/door.ts'
import { handedDown } from './listen/inherited.ts'
import { LIMITS, type Limits } from './listen/limits.ts'
import { LeftOut } from './left-out.ts'
import { Listener } from './listen/listener.ts'
import type { ListenerSettings } from './listen/settings.ts'
import type { Log } from './log.ts'
import { chain, closeAll, openAll, purgeAll, statusOf } from './middleware/chain.ts'
import { InFront } from './middleware/in-front.ts'
import type { Middleware, Next } from './middleware/middleware.ts'
import { stackOf } from './thrown.ts'
import type { Mounted, MountedStatus, PlacedMount } from './mounted.ts'
import { Places, type MountStack } from './places.ts'
import { readinessMount } from './readiness.ts'
import { requestReport, type RequestReport } from './request-report.ts'
import { redispatched } from './redispatch.ts'
import { wholePath } from './named-script.ts'
import type { Match } from './router.ts'
import { allSettled, settledWithin } from './settled.ts'
import type { PassedConnection, RawHandle, Succession } from './succession.ts'
import { copyVariables, type Variables } from './variables.ts'

/** What a gateway is made of. */
export interface GatewayOptions {
  readonly listen: readonly ListenerSettings[]
  readonly mounts: readonly PlacedMount[]
  /** What stands in front of them all, the first outermost. Default: nothing. */
  readonly layers?: readonly Middleware[] | undefined
  readonly log: Log
  /** The host in front of listeners that name none; undefined: variables are taken as they come. */
  readonly host?: string | undefined
  /** How long requests in flight may take after `drain`, in milliseconds. Default 30000. */
  readonly drainTimeout?: number | undefined
  /** A path at which it says whether it is to stop. */
  readonly readiness?: string | undefined
  /** How long connections may take, where that is not LIMITS. */
  readonly limits?: Limits | undefined
  /** What is thrown in the place of an error of `start` or `reload`. Default: the error. */
  readonly located?: ((error: unknown) => unknown) | undefined
  /** Where processes follow one another: the listening sockets and the connections of the one before, and those for the one after. */
  readonly succession?: Succession | undefined
}

/** A listener in use. */
export interface BoundAddress {
  readonly settings: ListenerSettings
  /** As written in the configuration, with the port that the system chose for port 0. */
  readonly text: string
  readonly endpoint: Endpoint
  readonly protocols: readonly string[]
}

/** Gunicorn's graceful_timeout. */
const DRAIN_TIMEOUT = 30_000

/** The gateway. */
export class Gateway implements Reception, Controlled {
  readonly log: Log
  readonly limits: Limits
  draining = false
  /** It is to stop soon: nobody should send anything more. */
  leaving = false
  readonly succession: Succession | undefined
  readonly #drainTimeout: number
  readonly #located: (error: unknown) => unknown
  readonly #places: Places
  readonly #layers: readonly Middleware[]
  readonly #front: Next
  /** Where there are layers. */
  readonly #inFront: InFront | undefined
  readonly #listeners: readonly Listener[]
  readonly #leftOut: LeftOut
  readonly #rest = new Rest()
  #begun = false

  /** @throws {ConfigError} for addresses and hosts that cannot be used. */
  constructor(options: GatewayOptions) {
    readyEngine()
    this.#drainTimeout = options.drainTimeout ?? DRAIN_TIMEOUT
    this.#located = options.located ?? ((error) => error)
    this.log = options.log
    this.limits = options.limits ?? LIMITS
    this.succession = options.succession
    this.#leftOut = new LeftOut(options.log)
    const { mounts, readiness } = options
    const ready = readiness === undefined ? [] : [readinessMount(readiness, () => this.leaving || this.draining)]
    this.#places = new Places([...mounts, ...ready], options.log, this.#drainTimeout)
    this.#layers = options.layers ?? []
    this.#inFront = this.#layers.length > 0 ? new InFront() : undefined
    this.#front = chain(this.#layers, (exchange) => this.#route(exchange))
    const keys = new Occurrences()
    this.#listeners = options.listen.flatMap((settings, index) => {
      const path = `listen.${index}`
      const host = hostCalled(settings.host ?? options.host, `${path}.host`)
      return handedDown(settings, path, process.env, options.succession?.startedPid).map((one) => {
        const key = keys.next(placeOf(one.address, `${path}.address`))
        if (options.succession) demandHanded(one, key, options.succession, `${path}.address`)
        return new Listener(one, path, this, host, key)
      })
    })
    this.succession?.closeOthers(this.listenerKeys)
    this.succession?.onPassed((connection, handle) => this.#adopt(connection, handle))
  }

  /** A connection that the process before had: where its listener is no more, it ends. */
  #adopt(connection: PassedConnection, handle: RawHandle): void {
    const listener = this.#listeners.find(({ key }) => key === connection.listener)
    if (listener) listener.adopt(handle, connection)
    else handle.close()
  }

  /**
   * Opens every mount, then every listener. When one fails, closes what was open and throws.
   * @throws {ConfigError} START_TWICE when it was started or closed before: then nothing has changed
   * @throws {PeerError} GATEWAY_CLOSED when it is closed meanwhile
   */
  async start(): Promise<void> {
    if (this.#begun || this.draining)
      throw new ConfigError('START_TWICE', '', 'a gateway starts once, and this one was started, or closed, before')
    this.#begun = true
    try {
      await openAll(this.#layers)
      await this.#places.open()
      this.#demandWanted()
      await allSettled(this.#listeners.map((listener) => listener.open()))
      this.#demandWanted()
      this.#rest.begin()
    } catch (error) {
      for (const listener of this.#listeners) listener.giveUp()
      await this.close()
      throw this.#located(error)
    }
  }

  #demandWanted(): void {
    if (this.draining) throw new PeerError('GATEWAY_CLOSED', 'the gateway was closed while it started', 503)
  }

  /** The names by which its listeners are known from process to process. */
  get listenerKeys(): string[] {
    return this.#listeners.map(({ key }) => key)
  }

  /** Where the gateway listens. */
  get addresses(): BoundAddress[] {
    return this.#listeners.map((listener) => ({
      settings: listener.settings,
      text: listener.text,
      endpoint: listener.endpoint,
      protocols: listener.protocolNames,
    }))
  }

  /** Resolves when a connection has ended beside which a listener can have no other: `stdin:`. */
  get ended(): Promise<void> {
    return new Promise((resolve) => {
      for (const { ended } of this.#listeners) void ended?.then(resolve)
    })
  }

  /** What it does now, and has done since the start. */
  get report(): GatewayReport {
    const listeners = this.#listeners.map(({ text, protocolNames, connections }) => ({
      address: text,
      protocols: protocolNames,
      connections,
    }))
    const layers = statusOf(this.#layers)
    return { listeners, mounts: this.mounts, layers, memory: process.memoryUsage.rss(), logLevel: this.log.level }
  }

  /** What each mount has done since the start, and what it does now; in the order of the configuration, then those that finish after a reload. */
  get mounts(): MountedStatus[] {
    return this.#places.status
  }

  /** The requests that are not over. */
  get requests(): RequestReport[] {
    const inFront = this.#inFront?.waiting ?? []
    return [...this.#places.requests, ...inFront.map((one) => requestReport(one, performance.now()))]
  }

  /** What the processes of the mounts do at this moment, or those of one. @throws {ConfigError} MOUNT_UNKNOWN */
  stacks(key: string | undefined): Promise<MountStack[]> {
    return this.#places.stacks(key)
  }

  /**
   * Has another worker process take the place of one.
   * @returns once it is ready; false when no mount has such a process
   * @throws {ConfigError} when it does not come up: then the one before serves on
   */
  recycle(pid: number): Promise<boolean> {
    return this.#places.recycle(pid)
  }

  /** Has what is stored of URLs forgotten: `purge` of a layer. @returns how many responses that were */
  purge(pattern: string): number {
    return purgeAll(this.#layers, pattern) + this.#places.purge(pattern)
  }

  /**
   * Takes a mount out, or back: what comes to it gets 503 meanwhile, what it has is answered.
   * @returns how many requests are still in flight there: none, or those that were not over within `drainTimeout`
   * @throws {ConfigError} MOUNT_UNKNOWN
   */
  takeOut(key: string, out: boolean): Promise<number> {
    return this.#places.takeOut(key, out)
  }

  /**
   * Has another mount of the same settings take over from one: it comes up beside it, and the one before answers what it has.
   * @param key as in the configuration: `/shop`
   * @throws {ConfigError} MOUNT_UNKNOWN; MOUNT_STAYS where Node.js cannot load an app anew; what `start` throws: then nothing has changed
   */
  async reload(key: string): Promise<void> {
    await this.#places.reload(key).catch((error: unknown) => {
      throw this.#located(error)
    })
    this.log.info(`${key} was reloaded`, { mount: key })
  }

  /**
   * Stops to accept, lets the requests in flight end and their responses be taken (at most `drainTimeout`), those too that new connections
   * bring within a moment, then closes. WebSockets are told to end at once.
   */
  async drain(): Promise<void> {
    this.draining = true
    const quiet = Promise.all([...this.#listeners, this.#places].map((each) => each.drain()))
    await settledWithin(this.#drainTimeout, quiet, () => {
      const running = this.#places.inFlight + (this.#inFront?.waiting.length ?? 0)
      if (running === 0 && !this.#listeners.some(({ answers }) => answers)) return
      const what = running > 0 ? `${running} requests were still running` : 'responses were still on their way'
      this.log.warn(`${what} after ${this.#drainTimeout / 1000} s and were cut`, { code: 'DRAIN_TIMEOUT' })
    })
    await this.close()
  }

  /** Closes at once; requests in flight are cut. */
  async close(): Promise<void> {
    this.draining = true
    this.#rest.end()
    const stopped = new PeerError('GATEWAY_CLOSED', 'the gateway was stopped', 503)
    this.#places.abort(stopped)
    this.#inFront?.abort(stopped)
    for (const listener of this.#listeners) listener.close()
    await this.#places.close()
    await closeAll(this.#layers)
    this.log.flush()
  }

  handle(exchange: Exchange): void {
    this.#rest.wake()
    if (exchange.variables.SCRIPT_NAME !== '') this.#openScript(exchange)
    // What layers ask for themselves has another observer.
    if (exchange.observer === this) this.#inFront?.add(exchange)
    this.#front(exchange)
  }

  /** A mount that finds files by the path gets all of it, and so do the layers in front, which guard paths. */
  #openScript(exchange: Exchange): void {
    const whole = wholePath(exchange.variables)
    if (whole && this.#places.match(whole)?.to.mount.findsFiles) exchange.variables = whole
  }

  #route(exchange: Exchange): void {
    const match = this.#match(exchange.variables)
    if (!match) return exchange.fail(new PeerError('NO_MOUNT', 'nothing is mounted at this path', 404))
    exchange.variables = match.variables
    match.to.handle(exchange)
  }

  /** To a folder `//private` is `/private`: nobody gets past a mount there to the files around it. */
  #match(variables: Variables): Match<Mounted> | undefined {
    const match = this.#places.match(variables)
    if (!match?.to.mount.findsFiles || !variables.PATH_INFO?.includes('//')) return match
    const merged = copyVariables(variables)
    merged.PATH_INFO = mergeSlashes(variables.PATH_INFO)
    const other = this.#places.match(merged)
    return other?.to === match.to ? match : other
  }

  redispatch(exchange: Exchange, variables: Variables): boolean {
    this.handle(redispatched(exchange, variables))
    return true
  }

  failed(exchange: Exchange, error: SidegateError): void {
    if (error.told || ACCESS_LOG_ONLY.has(error.code)) return
    const { method, uri } = exchange.logged
    const fields = {
      code: error.code,
      blame: error.blame,
      request: exchange.id,
      method,
      uri,
      mount: exchange.mount?.key,
      detail: detailOf(error),
    }
    if (error.blame === 'peer') this.log.warn(error.message, fields)
    else this.log.error(error.message, fields)
  }

  leftOut(exchange: Exchange, names: readonly string[]): void {
    this.#leftOut.tell(exchange, names)
  }

  done(exchange: Exchange): void {
    this.#inFront?.over(exchange)
    this.#rest.keep(exchange)
    if (this.log.wantsAccess) this.#record(exchange)
  }

  #record(exchange: Exchange): void {
    this.log.access({
      time: new Date(),
      request: exchange.id,
      protocol: exchange.door.protocol,
      ...exchange.logged,
      status: exchange.status || (exchange.error?.status ?? 0),
      received: exchange.body.received,
      sent: exchange.sent,
      milliseconds: performance.now() - exchange.started,
      mount: exchange.mount?.key ?? '',
      code: exchange.error?.code,
    })
  }
}

/**
 * Below a supervisor numbers mean what they mean there.
 * @throws {ConfigError} ADDRESS_SUPERVISED for standard input, ADDRESS_UNAVAILABLE for a socket that was not handed down
 */
function demandHanded({ address }: ListenerSettings, key: string, succession: Succession, path: string): void {
  const { kind } = parseListenAddress(address, path).endpoint
  if (kind === 'stdin') {
    const message = `${address} is a connection of the process that was started, and below a supervisor that is another one: start it with --no-supervise`
    throw new ConfigError('ADDRESS_SUPERVISED', path, message)
  }
  if (kind !== 'fd' || succession.socket(key)) return
  const message = `${key} is no listening socket that this process was started with`
  throw new ConfigError('ADDRESS_UNAVAILABLE', path, message)
}

/**
 * What an address is for those that follow: where it is, whatever is spoken there and however its path is written. Several may ask for some
 * port; those are told apart by what they speak.
 */
function placeOf(address: string, path: string): string {
  const { endpoint } = parseListenAddress(address, path)
  if (endpoint.kind === 'unix') return `unix:${resolve(endpoint.path)}`
  if (endpoint.kind === 'fd') return `fd:${endpoint.fd}`
  return endpoint.kind === 'tcp' && endpoint.port !== 0 ? formatEndpoint(endpoint) : address
}

/** Names for listeners that stay the same from process to process: several may have one address, with the port 0. */
class Occurrences {
  readonly #seen = new Map<string, number>()

  next(address: string): string {
    const count = (this.#seen.get(address) ?? 0) + 1
    this.#seen.set(address, count)
    return count === 1 ? address : `${address} (${count})`
  }
}

/** @throws {ConfigError} HOST_UNKNOWN */
function hostCalled(name: string | undefined, path: string): Host | undefined {
  if (name === undefined) return undefined
  const host = hosts.find((known) => known.name === name)
  if (host) return host
  throw new ConfigError(
    'HOST_UNKNOWN',
    path,
    `there is no host called ${name}; known are ${hosts.map((known) => known.name).join(', ')}`,
  )
}

function detailOf(error: SidegateError): string | undefined {
  const { cause } = error
  return typeof cause === 'string' ? cause : stackOf(cause)
}
