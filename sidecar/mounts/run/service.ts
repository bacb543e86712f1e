// A command that is kept running, and the requests that it is given: as many at a time as it takes, while others wait for their turn, or for
// the next one when it has died.
import type { Endpoint } from '../../address.ts'
import { ConfigError, UpstreamError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { StartError } from '../../processes/start-error.ts'
import { ExchangeQueue, processWords } from '../../queue.ts'
import type { Cause } from '../../processes/occupant.ts'
import { Slot } from '../../processes/slot.ts'
import { Recycler, type RecycleRules } from '../../workers/recycler.ts'
import type { MountContext, MountStatus } from '../mount.ts'
import { recycleRules, type RecycleSettings } from '../recycle-settings.ts'
import { Bodies } from '../../connect/bodies.ts'
import { isIdempotent } from '../../connect/failure.ts'
import type { Backend } from '../../connect/backend.ts'
import type { Scheme } from '../../connect/schemes.ts'
import { makeBackend } from '../../connect/make-backend.ts'
import { backendOptions, type BackendSettings } from '../../connect/settings.ts'
import { uploadOf, type Upload } from '../../upload.ts'
import { CommandServer, type ServerPlan } from './server.ts'

/** How a command is run and spoken to. Times in milliseconds. */
export interface ServiceOptions {
  readonly plan: ServerPlan
  /** The setting that names the command, for errors: `mounts./wiki.run`. */
  readonly setting: string
  readonly scheme: Scheme
  readonly backend: BackendSettings
  /** The setting that says how many requests it takes at a time, for messages. */
  readonly places: string
  /** Requests that may wait. */
  readonly queue: number
  readonly queueTimeout: number
  readonly startTimeout: number
  readonly stopTimeout: number
  readonly recycle: RecycleRules | undefined
}

/** What the settings of a mount say of that; times in seconds. */
interface BoundSettings extends Pick<ServiceOptions, 'queue' | 'queueTimeout' | 'startTimeout' | 'stopTimeout'> {
  readonly recycle?: RecycleSettings | undefined
}

/** What may wait, for how long, and when the command is replaced, as the settings have it. */
export function serviceBounds(
  settings: BoundSettings,
  directory: string,
): Omit<ServiceOptions, 'plan' | 'setting' | 'scheme' | 'backend' | 'places'> {
  const { queue, queueTimeout, startTimeout, stopTimeout, recycle } = settings
  return {
    queue,
    queueTimeout: queueTimeout * 1000,
    startTimeout: startTimeout * 1000,
    stopTimeout: stopTimeout * 1000,
    recycle: recycle && recycleRules(recycle, directory),
  }
}

/** How long after a connection was refused the end of the process may take to be seen. */
const NEWS_GRACE_MS = 500

/** A command in use. */
export class CommandService {
  readonly #options: ServiceOptions
  readonly #context: MountContext
  readonly #slot: Slot<CommandServer>
  /** With the body of those that are sent a second time. */
  readonly #waiting: ExchangeQueue<Upload | undefined>
  readonly #bodies: Bodies
  /** Those that closed a connection without an answer: one that dies may accept connections that it never reads. */
  readonly #dying = new WeakSet<CommandServer>()
  /** The way to the command that runs; undefined while none is ready. */
  #backend: Backend | undefined
  #server: CommandServer | undefined
  #using: Promise<void> | undefined
  readonly #restarts: Partial<Record<Cause, number>> = {}
  readonly #recycler: Recycler<CommandServer> | undefined
  #closing: Promise<void> | undefined

  constructor(options: ServiceOptions, context: MountContext) {
    this.#options = options
    this.#context = context
    this.#bodies = new Bodies(options.backend, [options.scheme.protocol])
    const { log, key } = context
    const { plan, startTimeout, stopTimeout, recycle } = options
    const name = `command (${plan.program})`
    const replaced = (cause: Cause): void => void (this.#restarts[cause] = (this.#restarts[cause] ?? 0) + 1)
    this.#slot = new Slot(
      { name, mount: key, log, stopTimeout, replaced },
      (keeper) => new CommandServer({ plan, startTimeout, stopTimeout, mount: key, log }, keeper),
      () => (this.#using = this.#use()),
    )
    const renew = (_: Slot<CommandServer>, server: CommandServer, cause: Cause): Promise<void> =>
      this.#slot.occupant === server && !this.#closing ? this.#slot.renew(cause) : Promise.resolve()
    if (recycle) this.#recycler = new Recycler(recycle, { slots: [this.#slot], log, name, mount: key, renew })
    this.#waiting = new ExchangeQueue({
      most: options.queue,
      timeout: options.queueTimeout,
      words: processWords(() => this.#describe()),
      left: ({ exchange, note }) => (note ?? exchange.upload)?.close(),
    })
  }

  /** Resolves once it accepts connections. @throws {ConfigError} RUN_…, and those of its plan */
  async open(): Promise<void> {
    await this.#options.plan.open(this.#context.path)
    await this.#started(this.#slot.open())
    await this.#recycler?.open()
  }

  /** Has a fresh one take over. @throws {ConfigError}: the one before serves on */
  reload(): Promise<void> {
    return this.#started(this.#slot.renew('reload'))
  }

  /** Waits for a command. @throws {ConfigError} */
  async #started(start: Promise<void>): Promise<void> {
    try {
      await start
      await this.#using
    } catch (error) {
      if (!(error instanceof StartError)) throw error
      const options = error.detail === undefined ? {} : { cause: error.detail }
      const setting = error.code === 'PROCESS_ENVIRONMENT' ? `${this.#context.path}.env` : this.#options.setting
      throw new ConfigError(error.code, setting, error.message, options)
    }
  }

  /**
   * Gives it an exchange, at once or when it takes one more.
   * @throws {UpstreamError} QUEUE_FULL, POOL_CLOSED
   */
  async handle(exchange: Exchange): Promise<void> {
    const taken = this.#bodies.take(exchange)
    if (taken) await taken
    try {
      if (exchange.aborted) return exchange.upload?.close()
      if (this.#closing) throw new UpstreamError('POOL_CLOSED', 'the command is being stopped', 503)
      if (this.#waiting.size === 0 && this.#isFree) void this.#send(exchange, undefined)
      else this.#waiting.add(exchange, undefined)
    } catch (error) {
      exchange.upload?.close()
      throw error
    }
  }

  /** Ends it; the exchanges that wait get 503. Works twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Where the command that is in use listens. */
  get endpoint(): Endpoint | undefined {
    return this.#server?.endpoint
  }

  get status(): MountStatus {
    const pid = this.#server?.state === 'ready' ? this.#server.pid : undefined
    return { pids: pid === undefined ? [] : [pid], waiting: this.#waiting.size, restarts: { ...this.#restarts } }
  }

  async #close(): Promise<void> {
    this.#waiting.clear(new UpstreamError('POOL_CLOSED', 'the command is being stopped', 503))
    this.#recycler?.close()
    this.#backend?.close()
    await this.#slot.close()
    await this.#options.plan.close()
  }

  get #isFree(): boolean {
    return this.#server?.state === 'ready' && this.#server.busy < this.#options.backend.connections
  }

  /** A command is ready: requests go to it from now on. */
  async #use(): Promise<void> {
    const server = this.#slot.occupant
    if (!server || server.state !== 'ready') return
    const { scheme, plan, backend: settings } = this.#options
    const name = `${plan.program} (${scheme.name})`
    const backend = makeBackend(
      { scheme, endpoint: server.endpoint!, name },
      backendOptions(settings, this.#context, scheme.protocol),
    )
    await backend.open()
    if (this.#closing) return backend.close()
    if (this.#server?.state !== 'leaving') this.#backend?.close()
    this.#backend = backend
    this.#server = server
    this.#serveWaiting()
  }

  /** `again`: the body of one that is sent a second time. */
  async #send(exchange: Exchange, again: Upload | undefined): Promise<void> {
    const backend = this.#backend!
    const server = this.#server!
    const upload = again ?? exchange.upload ?? uploadOf(exchange.body)
    let waits = false
    server.begin()
    const late = this.#dying.has(server)
    try {
      await backend.handle(exchange, upload)
    } catch (error) {
      if (isReset(error)) this.#dying.add(server)
      const unheard = wasNotHeard(error) || (late && isReset(error) && isIdempotent(exchange.variables.REQUEST_METHOD))
      try {
        waits = !again && unheard && (await this.#repeat(exchange, upload, server))
        if (!waits) exchange.fail(error)
      } catch (full) {
        exchange.fail(full)
      }
    }
    if (!waits) upload.close()
    server.done(exchange)
    if (backend === this.#backend) this.#serveWaiting()
    // One that was replaced, and has answered its last request.
    else if (server.busy === 0) backend.close()
  }

  /**
   * A request that came between the death of the command and the news of it waits for the next one.
   * @throws {UpstreamError} QUEUE_FULL
   */
  async #repeat(exchange: Exchange, upload: Upload, server: CommandServer): Promise<boolean> {
    if (!upload.repeatable) return false
    if (!(await server.overWithin(NEWS_GRACE_MS)) || this.#closing || exchange.aborted) return false
    upload.rewind()
    this.#waiting.add(exchange, upload)
    return true
  }

  #serveWaiting(): void {
    while (this.#waiting.size > 0 && this.#isFree) {
      const { exchange, note } = this.#waiting.take()!
      void this.#send(exchange, note)
    }
  }

  #describe(): string {
    const { plan, places } = this.#options
    const { program } = plan
    return this.#server?.state === 'ready'
      ? `${program} has ${this.#server.busy} requests under way (${places})`
      : `${program} does not run: see the log for what became of it`
  }
}

/** Nothing of the request was sent. */
function wasNotHeard(error: unknown): boolean {
  return error instanceof UpstreamError && error.code === 'UPSTREAM_CONNECT'
}

function isReset(error: unknown): boolean {
  return error instanceof UpstreamError && error.code === 'UPSTREAM_RESET'
}
