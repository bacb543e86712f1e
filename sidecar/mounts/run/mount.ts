// The mount kind `run`: a command that Sidegate starts and looks after, and speaks to in the protocol that it speaks.
import { resolve } from 'node:path'
import { ConfigError, UpstreamError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { StartError } from '../../processes/start-error.ts'
import { ExchangeQueue, processWords } from '../../queue.ts'
import type { Cause } from '../../processes/occupant.ts'
import { Slot } from '../../processes/slot.ts'
import { Recycler } from '../../workers/recycler.ts'
import { recycleRules } from '../recycle-settings.ts'
import type { Mount, MountContext, MountKind, MountStatus } from '../mount.ts'
import { Bodies } from '../../connect/bodies.ts'
import { isIdempotent } from '../../connect/failure.ts'
import { demandPlainPaths } from '../script-settings.ts'
import { Scripts } from '../scripts.ts'
import type { Backend } from '../../connect/backend.ts'
import { schemeCalled, type Scheme } from '../../connect/schemes.ts'
import { makeBackend } from '../../connect/make-backend.ts'
import { authorityOf } from '../../connect/authority.ts'
import { backendOptions, wayBackOf } from '../../connect/settings.ts'
import type { OwnName, WayBack } from '../../connect/way-back.ts'
import { uploadOf, type Upload } from '../../upload.ts'
import { CommandPlan } from './command.ts'
import { CommandServer } from './server.ts'
import { runSettings, type RunSettings } from './settings.ts'

/** node:http drops a connection after 5 s without a request; the gateway has to be first. */
const KEEP_HTTP = 4

/** How long after a connection was refused the end of the process may take to be seen. */
const NEWS_GRACE_MS = 500

class RunMount implements Mount {
  readonly #settings: RunSettings
  readonly #context: MountContext
  readonly #scheme: Scheme
  readonly #plan: CommandPlan
  readonly #slot: Slot<CommandServer>
  /** With the body of those that are sent a second time. */
  readonly #waiting: ExchangeQueue<Upload | undefined>
  readonly #bodies: Bodies
  readonly #wayBack: WayBack | undefined
  #scripts: Scripts | undefined
  /** Those that closed a connection without an answer: one that dies may accept connections that it never reads. */
  readonly #dying = new WeakSet<CommandServer>()
  /** The way to the command that runs; undefined while none is ready. */
  #backend: Backend | undefined
  #server: CommandServer | undefined
  #using: Promise<void> | undefined
  readonly #restarts: Partial<Record<Cause, number>> = {}
  readonly #recycler: Recycler<CommandServer> | undefined
  #closing: Promise<void> | undefined

  constructor(settings: RunSettings, context: MountContext) {
    this.#settings = settings
    this.#context = context
    this.#scheme = schemeCalled(settings.speaks)!
    this.#bodies = new Bodies(settings, [this.#scheme.protocol])
    this.#wayBack = wayBackOf(settings, context, '', () => this.#names)
    this.#plan = new CommandPlan(settings, context)
    const { log, key } = context
    const stopTimeout = settings.stopTimeout * 1000
    const options = { plan: this.#plan, startTimeout: settings.startTimeout * 1000, stopTimeout, mount: key, log }
    const name = `command (${this.#plan.program})`
    const replaced = (cause: Cause): void => void (this.#restarts[cause] = (this.#restarts[cause] ?? 0) + 1)
    this.#slot = new Slot(
      { name, mount: key, log, stopTimeout, replaced },
      (keeper) => new CommandServer(options, keeper),
      () => (this.#using = this.#use()),
    )
    const renew = (_: Slot<CommandServer>, server: CommandServer, cause: Cause): Promise<void> =>
      this.#slot.occupant === server && !this.#closing ? this.#slot.renew(cause) : Promise.resolve()
    if (settings.recycle) {
      const rules = recycleRules(settings.recycle, context.directory)
      this.#recycler = new Recycler(rules, { slots: [this.#slot], log, name, mount: key, renew })
    }
    this.#waiting = new ExchangeQueue({
      most: settings.queue,
      timeout: settings.queueTimeout * 1000,
      words: processWords(() => this.#describe()),
      left: ({ exchange, note }) => (note ?? exchange.upload)?.close(),
    })
  }

  get findsFiles(): boolean {
    return this.#scripts !== undefined
  }

  async open(): Promise<void> {
    const { path } = this.#context
    this.#scripts = await this.#openScripts()
    await this.#plan.open(path)
    await this.#started(this.#slot.open())
    await this.#recycler?.open()
  }

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
      throw new ConfigError(error.code, `${this.#context.path}.run`, error.message, options)
    }
  }

  async check(): Promise<void> {
    await this.#openScripts()
    await this.#plan.check(this.#context.path)
  }

  async handle(asked: Exchange): Promise<void> {
    const exchange = this.#wayBack ? this.#wayBack.enter(asked) : asked
    if (this.#scripts && !(await this.#scripts.aim(exchange))) return
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

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  status(): MountStatus {
    const pid = this.#server?.state === 'ready' ? this.#server.pid : undefined
    return { pids: pid === undefined ? [] : [pid], waiting: this.#waiting.size, restarts: { ...this.#restarts } }
  }

  async #close(): Promise<void> {
    this.#waiting.clear(new UpstreamError('POOL_CLOSED', 'the command is being stopped', 503))
    this.#recycler?.close()
    this.#backend?.close()
    await this.#slot.close()
    await this.#plan.close()
  }

  async #openScripts(): Promise<Scripts | undefined> {
    const { name, protocol } = this.#scheme
    demandPlainPaths(this.#settings, this.#context.path)
    return Scripts.open(this.#settings, this.#context, protocol.scripts ? undefined : `what speaks ${name}`)
  }

  get #names(): OwnName[] {
    const endpoint = this.#server?.endpoint
    const scheme = this.#scheme
    return endpoint ? [{ scheme: scheme.name, authority: authorityOf({ scheme, endpoint }) }] : []
  }

  get #isFree(): boolean {
    return this.#server?.state === 'ready' && this.#server.busy < this.#settings.connections
  }

  /** A command is ready: requests go to it from now on. */
  async #use(): Promise<void> {
    const server = this.#slot.occupant
    if (!server || server.state !== 'ready') return
    const scheme = this.#scheme
    const { keepAlive = scheme.protocol.gateway ? 0 : KEEP_HTTP } = this.#settings
    const name = `${this.#plan.program} (${scheme.name})`
    const settings = { ...this.#settings, keepAlive, ca: undefined, serverName: undefined, verify: true }
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
    const { program } = this.#plan
    return this.#server?.state === 'ready'
      ? `${program} has ${this.#server.busy} requests under way (connections)`
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

/** Any command that listens. */
export const run: MountKind<typeof runSettings> = {
  kind: 'run',
  summary:
    'Any command that serves HTTP, FastCGI, SCGI, uwsgi or AJP on a socket: Sidegate starts it and looks after it. More in [run.md](run.md).',
  settings: runSettings,
  hasWorkers: true,
  loads: true,
  create: (settings, context) => new RunMount(settings, context),
  scripts: ({ root, split }, directory) =>
    root === undefined ? undefined : { root: resolve(directory, root), suffixes: split },
}
