// The mount kind `upstream`: servers that run somewhere else, spoken to in HTTP or a gateway protocol.
import { resolve } from 'node:path'
import { ConfigProblems, type Problem } from '../../problem.ts'
import { UpstreamError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import type { Mount, MountContext, MountKind, MountStatus } from '../mount.ts'
import { Balancer } from './balancer.ts'
import { Bodies } from '../../connect/bodies.ts'
import { Check } from './checks.ts'
import { Member } from './member.ts'
import { Names } from '../../connect/names.ts'
import { demandPlainPaths } from '../script-settings.ts'
import { Scripts } from '../scripts.ts'
import { sharedFiles } from '../shared-files.ts'
import { authorityOf } from '../../connect/authority.ts'
import { backendOptions, wayBackOf } from '../../connect/settings.ts'
import type { WayBack } from '../../connect/way-back.ts'
import { serversOf, type WeightedServer } from './servers.ts'
import { upstreamSettings, type UpstreamSettings } from './settings.ts'
import type { BackendAddress } from '../../connect/backend.ts'
import { makeBackend } from '../../connect/make-backend.ts'
import { uploadOf, type Upload } from '../../upload.ts'
import { tryServer } from '../../connect/try.ts'

class UpstreamMount implements Mount {
  readonly #settings: UpstreamSettings
  readonly #context: MountContext
  readonly #balancer: Balancer
  readonly #checks = new Map<Member, Check>()
  readonly #byName = new Map<string, Member>()
  #names: Names<WeightedServer> | undefined
  #scripts: Scripts | undefined
  #bodies: Bodies | undefined
  #wayBack: WayBack | undefined
  #opened = false
  #closed = false

  constructor(settings: UpstreamSettings, context: MountContext) {
    this.#settings = settings
    this.#context = context
    this.#balancer = new Balancer({
      balance: settings.balance,
      retries: settings.retries,
      queue: settings.queue,
      queueTimeout: settings.queueTimeout * 1000,
      log: context.log,
      mount: context.key,
    })
  }

  get findsFiles(): boolean {
    return this.#scripts !== undefined
  }

  async open(): Promise<void> {
    const servers = serversOf(this.#settings, this.#context)
    this.#scripts = await this.#openScripts(servers)
    this.#bodies = new Bodies(
      this.#settings,
      servers.map(({ scheme }) => scheme.protocol),
    )
    const { log, key } = this.#context
    const own = servers.map((server) => ({ scheme: server.scheme.name, authority: authorityOf(server) }))
    this.#wayBack = wayBackOf(this.#settings, this.#context, servers[0]!.path, () => own)
    this.#names = new Names(servers, this.#settings.resolve * 1000, log, key, (addresses) => this.#use(addresses))
    await this.#names.open()
    this.#opened = true
  }

  async check(connect: boolean): Promise<void> {
    const servers = serversOf(this.#settings, this.#context)
    await this.#openScripts(servers)
    const problems: Problem[] = []
    for (const [index, server] of servers.entries()) {
      const backend = makeBackend(server, backendOptions(this.#settings, this.#context, server.scheme.protocol))
      await backend.open()
      backend.close()
      if (!connect) continue
      const path = `${this.#context.path}.upstream${Array.isArray(this.#settings.upstream) ? `.${index}` : ''}`
      const problem = await tryServer(server, this.#settings.connectTimeout * 1000, path)
      if (problem) problems.push(problem)
    }
    const [first, ...others] = problems
    if (first) throw new ConfigProblems([first, ...others])
  }

  handle(asked: Exchange): Promise<void> {
    const exchange = this.#wayBack ? this.#wayBack.enter(asked) : asked
    return this.#scripts ? this.#handleScript(this.#scripts, exchange) : this.#takeBody(exchange)
  }

  async #handleScript(scripts: Scripts, exchange: Exchange): Promise<void> {
    if (await scripts.aim(exchange)) await this.#takeBody(exchange)
  }

  #takeBody(exchange: Exchange): Promise<void> {
    const taken = this.#bodies!.take(exchange)
    const { upload } = exchange
    if (taken || upload) return this.#sendTaken(exchange, taken)
    return this.#send(exchange, uploadOf(exchange.body))
  }

  async #sendTaken(exchange: Exchange, taken: Promise<void> | undefined): Promise<void> {
    await taken
    const upload = exchange.upload ?? uploadOf(exchange.body)
    try {
      if (!exchange.aborted) await this.#send(exchange, upload)
    } finally {
      upload.close()
    }
  }

  #send(exchange: Exchange, upload: Upload): Promise<void> {
    if (this.#closed) throw new UpstreamError('POOL_CLOSED', 'the mount is being closed', 503)
    return this.#balancer.handle(exchange, upload)
  }

  status(): MountStatus {
    return this.#balancer.status
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#names?.close()
    for (const check of this.#checks.values()) check.close()
    this.#checks.clear()
    this.#balancer.close()
  }

  async #openScripts(servers: readonly WeightedServer[]): Promise<Scripts | undefined> {
    const below = servers.find(({ path }) => path !== '')
    demandPlainPaths(this.#settings, this.#context.path, below && `the path of ${below.name}`)
    return Scripts.open(this.#settings, this.#context, servers.find(({ scheme }) => !scheme.protocol.scripts)?.name)
  }

  /** Uses the servers at these addresses: those that are known already as they are, new ones with their slow start. */
  async #use(addresses: ReadonlyMap<WeightedServer, readonly BackendAddress[]>): Promise<void> {
    const members: Member[] = []
    for (const [server, list] of addresses) {
      for (const one of list) members.push(this.#byName.get(one.name) ?? (await this.#member(server, one)))
    }
    if (this.#closed) {
      for (const { backend } of members) backend.close()
      return
    }
    for (const [name, member] of this.#byName) {
      if (members.includes(member)) continue
      this.#byName.delete(name)
      this.#checks.get(member)?.close()
      this.#checks.delete(member)
    }
    this.#balancer.members = members
    for (const member of members) {
      if (this.#byName.has(member.backend.name)) continue
      this.#byName.set(member.backend.name, member)
      this.#watch(member)
    }
  }

  async #member(server: WeightedServer, address: BackendAddress): Promise<Member> {
    const { maxFails, failTimeout, slowStart, connections } = this.#settings
    const { log, key } = this.#context
    const backend = makeBackend(address, backendOptions(this.#settings, this.#context, address.scheme.protocol))
    await backend.open()
    const rules = { maxFails, failTimeout: failTimeout * 1000, slowStart: slowStart * 1000, connections }
    return new Member(backend, server.weight, rules, log, key, this.#opened ? performance.now() : -Infinity)
  }

  #watch(member: Member): void {
    const { health, root, scriptRoot } = this.#settings
    if (!health) return
    const check = new Check(member, {
      path: health.path,
      host: health.host,
      interval: health.interval * 1000,
      timeout: health.timeout * 1000,
      healthy: health.healthy,
      unhealthy: health.unhealthy,
      scriptRoot: root === undefined ? undefined : (scriptRoot ?? resolve(this.#context.directory, root)),
    })
    this.#checks.set(member, check)
    check.start()
  }
}

/** Servers that run somewhere else. */
export const upstream: MountKind<typeof upstreamSettings> = {
  kind: 'upstream',
  summary:
    'Servers that run somewhere else, one or several, spoken to in HTTP, uwsgi, FastCGI (PHP-FPM too), SCGI or AJP. More in [upstream.md](upstream.md).',
  settings: upstreamSettings,
  connects: true,
  create: (settings, context) => new UpstreamMount(settings, context),
  shared: sharedFiles,
  scripts: ({ root, split }, directory) =>
    root === undefined ? undefined : { root: resolve(directory, root), suffixes: split },
}
