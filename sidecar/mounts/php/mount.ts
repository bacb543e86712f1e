// The mount kind `php`: a folder of scripts and static files in one. The scripts are run by a php-fpm, or a php-cgi, that Sidegate starts and
// looks after; the files it serves itself.
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import * as v from 'valibot'
import { backendEntries } from '../../connect/settings.ts'
import { schemeCalled } from '../../connect/schemes.ts'
import { ConfigError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import type { Mount, MountContext, MountKind, MountStatus } from '../mount.ts'
import type { SharedFiles } from '../../served-folder.ts'
import { belowPaths, either, withheldFrom, type ScriptRules } from '../script-rules.ts'
import { openScripts, type Scripts } from '../scripts.ts'
import { CommandService, serviceBounds } from '../run/service.ts'
import { apps, type PhpApp } from './apps.ts'
import { PhpPlan } from './plan.ts'
import { publicFolderOf, recognise, type Recognised } from './recognise.ts'
import { mostProcesses, phpSettings, type PhpSettings } from './settings.ts'

/** How a server is spoken to, where a PHP mount has no setting. A connection is one request's: an idle one would keep a process. */
const BACKEND = v.parse(v.strictObject(backendEntries), { keepAlive: 0 })

class PhpMount implements Mount {
  readonly findsFiles = true
  readonly #settings: PhpSettings
  readonly #context: MountContext
  readonly #root: string
  readonly #plan: PhpPlan
  readonly #service: CommandService
  #scripts: Scripts | undefined

  constructor(settings: PhpSettings, context: MountContext) {
    this.#settings = settings
    this.#context = context
    this.#root = resolve(context.directory, settings.php)
    this.#plan = new PhpPlan(settings, context, this.#root)
    this.#service = new CommandService(
      {
        plan: this.#plan,
        setting: `${context.path}.php`,
        scheme: schemeCalled('fastcgi')!,
        backend: { ...BACKEND, ...settings, connections: mostProcesses(settings) },
        places: 'processes',
        ...serviceBounds(settings, context.directory),
      },
      context,
    )
  }

  async open(): Promise<void> {
    await this.#demandFolder()
    const found = recognised(this.#settings, this.#root)
    this.#scripts = await openScripts(this.#root, this.#folderOptions(found), this.#context)
    await this.#service.open()
    this.#tell(found)
  }

  async check(): Promise<void> {
    await this.#demandFolder()
  }

  async handle(exchange: Exchange): Promise<void> {
    if (!(await this.#scripts!.aim(exchange))) return
    exchange.variables.SERVER_SOFTWARE = this.#settings.serverSoftware
    await this.#service.handle(exchange)
  }

  status(): MountStatus {
    return this.#service.status
  }

  reload(): Promise<void> {
    return this.#service.reload()
  }

  close(): Promise<void> {
    return this.#service.close()
  }

  /** @throws {ConfigError} PHP_FOLDER, PROCESS_FOLDER */
  async #demandFolder(): Promise<void> {
    const { php } = this.#settings
    const wrong = (message: string): ConfigError => new ConfigError('PHP_FOLDER', `${this.#context.path}.php`, message)
    const found = await stat(this.#root).catch(() => undefined)
    if (!found?.isDirectory()) throw wrong(`${php} ${found ? 'is no folder' : 'is not there'} (${this.#root})`)
    const folder = publicFolderOf(this.#root)
    if (folder !== undefined) {
      throw wrong(
        `${php} is a project, whose settings and source are nobody's business: mount its public folder, ${join(php, folder)}`,
      )
    }
    await this.#plan.demandFolder(`${this.#context.path}.php`)
  }

  #folderOptions({ app, frontController }: Recognised): Parameters<typeof openScripts>[1] {
    const { index, split, followSymlinks, static: serves, maxAge } = this.#settings
    const { frontPathInfo } = app ?? {}
    const rules = rulesOf(this.#settings, app)
    return { index, split, frontController, frontPathInfo, followSymlinks, serves, maxAge, rules }
  }

  #tell({ app, frontController, because }: Recognised): void {
    const { program, user } = this.#plan
    const what = app ? `taken as ${app.title}` : 'taken as a folder of scripts'
    const front =
      frontController === undefined ? 'nothing answers where no file is' : `${frontController} answers where no file is`
    this.#context.log.info(
      `${this.#settings.php} is ${what}${because === undefined ? '' : `, because ${because}`}: ${front}; PHP is ${program}${user === undefined ? '' : ` as ${user}`}`,
      { mount: this.#context.key },
    )
  }
}

/** What the folder is, and what answers where no file is: as found out, or as said. */
function recognised({ app: name, frontController }: PhpSettings, root: string): Recognised {
  const found = name === undefined ? recognise(root) : named(name)
  if (frontController === undefined) return found
  return { ...found, frontController: frontController === false ? undefined : frontController }
}

function named(name: string): Recognised {
  const app = apps.find((one) => one.name === name)
  return { app, frontController: app?.frontController, because: app && 'app says so' }
}

function rulesOf({ closed = [], uploads = [] }: PhpSettings, app: PhpApp | undefined): ScriptRules {
  return {
    closed: either(app?.closed, belowPaths(closed)),
    uploads: either(app?.uploads, belowPaths(uploads)),
    entries: app?.entries,
    missing: app?.missing,
  }
}

/** For a web server in front; undefined where nothing is to be sent by it, as where links count: it would not see where one leads. */
function sharedBy(settings: PhpSettings, directory: string): SharedFiles | undefined {
  const { php: folder, split, static: serves, maxAge, followSymlinks } = settings
  const path = resolve(directory, folder)
  // Of what is not to be seen here nobody knows what it is.
  if (!serves || followSymlinks || !existsSync(path)) return undefined
  const rules = rulesOf(settings, recognised(settings, path).app)
  return { path, maxAge, withheld: withheldFrom(rules, split) }
}

/** Folders of PHP. */
export const php: MountKind<typeof phpSettings> = {
  kind: 'php',
  summary:
    'A folder of PHP scripts and static files (WordPress, MediaWiki, …): PHP is started and looked after. More in [php.md](php.md).',
  settings: phpSettings,
  hasWorkers: true,
  loads: true,
  neverRoot: true,
  claims: ({ text, path, cwd, found }) =>
    found?.isDirectory() && existsSync(resolve(cwd, path, 'index.php'))
      ? [{ value: text, because: 'it is a folder with an index.php', what: `the PHP of ${text}` }]
      : [],
  create: (settings, context) => new PhpMount(settings, context),
  shared: sharedBy,
  scripts: ({ php: folder, split }, directory) => ({ root: resolve(directory, folder), suffixes: split }),
}
