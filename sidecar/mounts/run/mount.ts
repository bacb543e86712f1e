// The mount kind `run`: a command that Sidegate starts and looks after, and speaks to in the protocol that it speaks.
import { resolve } from 'node:path'
import type { Exchange } from '../../exchange.ts'
import type { Mount, MountContext, MountKind, MountStatus } from '../mount.ts'
import { demandPlainPaths } from '../script-settings.ts'
import { Scripts } from '../scripts.ts'
import { sharedFiles } from '../shared-files.ts'
import { authorityOf } from '../../connect/authority.ts'
import { schemeCalled, type Scheme } from '../../connect/schemes.ts'
import { wayBackOf } from '../../connect/settings.ts'
import type { OwnName, WayBack } from '../../connect/way-back.ts'
import { CommandPlan } from './command.ts'
import { CommandService, serviceBounds } from './service.ts'
import { runSettings, type RunSettings } from './settings.ts'

/** node:http drops a connection after 5 s without a request; the gateway has to be first. */
const KEEP_HTTP = 4

class RunMount implements Mount {
  readonly #settings: RunSettings
  readonly #context: MountContext
  readonly #scheme: Scheme
  readonly #plan: CommandPlan
  readonly #service: CommandService
  readonly #wayBack: WayBack | undefined
  #scripts: Scripts | undefined

  constructor(settings: RunSettings, context: MountContext) {
    this.#settings = settings
    this.#context = context
    const scheme = schemeCalled(settings.speaks)!
    this.#scheme = scheme
    this.#plan = new CommandPlan(settings, context)
    this.#wayBack = wayBackOf(settings, context, '', () => this.#names)
    const { keepAlive = scheme.protocol.gateway ? 0 : KEEP_HTTP } = settings
    this.#service = new CommandService(
      {
        plan: this.#plan,
        setting: `${context.path}.run`,
        scheme,
        backend: { ...settings, keepAlive, ca: undefined, serverName: undefined, verify: true },
        places: 'connections',
        ...serviceBounds(settings, context.directory),
      },
      context,
    )
  }

  get findsFiles(): boolean {
    return this.#scripts !== undefined
  }

  async open(): Promise<void> {
    this.#scripts = await this.#openScripts()
    await this.#service.open()
  }

  reload(): Promise<void> {
    return this.#service.reload()
  }

  async check(): Promise<void> {
    await this.#openScripts()
    await this.#plan.check(this.#context.path)
  }

  async handle(asked: Exchange): Promise<void> {
    const exchange = this.#wayBack ? this.#wayBack.enter(asked) : asked
    if (this.#scripts && !(await this.#scripts.aim(exchange))) return
    await this.#service.handle(exchange)
  }

  status(): MountStatus {
    return this.#service.status
  }

  close(): Promise<void> {
    return this.#service.close()
  }

  async #openScripts(): Promise<Scripts | undefined> {
    const { name, protocol } = this.#scheme
    demandPlainPaths(this.#settings, this.#context.path)
    return Scripts.open(this.#settings, this.#context, protocol.scripts ? undefined : `what speaks ${name}`)
  }

  get #names(): OwnName[] {
    const { endpoint } = this.#service
    const scheme = this.#scheme
    return endpoint ? [{ scheme: scheme.name, authority: authorityOf({ scheme, endpoint }) }] : []
  }
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
  shared: sharedFiles,
  scripts: ({ root, split }, directory) =>
    root === undefined ? undefined : { root: resolve(directory, root), suffixes: split },
}
