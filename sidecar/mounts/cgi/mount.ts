// The mount kind `cgi`: scripts by RFC 3875, a process a request.
import { dirname, resolve } from 'node:path'
import { UpstreamError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { GroupsWatchdog } from '../../processes/groups-watchdog.ts'
import { Identity } from '../../processes/identity.ts'
import { ExchangeQueue, processWords } from '../../queue.ts'
import { redirectToFolder, refuse } from '../files/answer.ts'
import type { Mount, MountContext, MountKind, MountStatus } from '../mount.ts'
import { spoolBounds } from '../../take-body.ts'
import { Upload } from '../../upload.ts'
import { invocation, scriptPath, scriptVariables } from './environment.ts'
import { ScriptFinder, type Script } from './find.ts'
import { ScriptRun } from './run.ts'
import { cgiSettings, type CgiSettings } from './settings.ts'

class CgiMount implements Mount {
  readonly findsFiles = true
  readonly #settings: CgiSettings
  readonly #context: MountContext
  /** With what each of them is for. */
  readonly #waiting: ExchangeQueue<{ readonly script: Script; readonly upload: Upload }>
  readonly #running = new Set<ScriptRun>()
  readonly #identity: Identity
  readonly #watchdog: GroupsWatchdog
  #finder: ScriptFinder | undefined
  #closed = false
  #idle: (() => void) | undefined

  constructor(settings: CgiSettings, context: MountContext) {
    const { documentRoot, queue, queueTimeout, stopTimeout } = settings
    this.#settings = { ...settings, documentRoot: documentRoot && resolve(context.directory, documentRoot) }
    this.#context = context
    this.#identity = new Identity(settings, context.path, context.platform)
    this.#watchdog = new GroupsWatchdog(stopTimeout * 1000)
    this.#waiting = new ExchangeQueue({
      most: queue,
      timeout: queueTimeout * 1000,
      words: processWords(() => `${this.#running.size} scripts are running (processes)`),
      left: ({ note }) => note.upload.close(),
    })
  }

  async open(): Promise<void> {
    this.#finder = new ScriptFinder(this.#settings, this.#context, scriptPath(this.#settings, this.#context.platform))
    await this.#identity.demandFolder(this.#finder.folder, `${this.#context.path}.cgi`)
  }

  async handle(exchange: Exchange): Promise<void> {
    const script = await this.#finder!.find(exchange.variables.PATH_INFO ?? '')
    if (exchange.aborted) return
    if (!script) return refuse(exchange, 404)
    if (script === 'folder') return redirectToFolder(exchange)
    const upload = new Upload(exchange.body)
    try {
      // RFC 3875 4.1.2: a script is told the length of its body.
      await upload.take(spoolBounds(this.#settings))
      if (exchange.aborted) return upload.close()
      if (this.#closed) throw new UpstreamError('POOL_CLOSED', 'the scripts are being stopped', 503)
      if (this.#waiting.size === 0 && this.#running.size < this.#settings.processes) {
        return this.#run(exchange, script, upload)
      }
      this.#waiting.add(exchange, { script, upload })
    } catch (error) {
      upload.close()
      throw error
    }
  }

  status(): MountStatus {
    const pids = [...this.#running].flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
    return { pids, waiting: this.#waiting.size }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#waiting.clear(new UpstreamError('POOL_CLOSED', 'the scripts are being stopped', 503))
    for (const run of this.#running) run.stop()
    if (this.#running.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    this.#watchdog.close()
  }

  /** @throws {PeerError} REQUEST_METHOD_MISSING, VARIABLE_NUL, CGI_VARIABLE */
  #run(exchange: Exchange, script: Script, upload: Upload): void {
    const { timeout, stopTimeout, env } = this.#settings
    const { key, log, platform } = this.#context
    const variables = scriptVariables(exchange.variables, upload.length ?? 0, script, this.#settings)
    const run = new ScriptRun(exchange, upload, {
      ...this.#identity.wrap(
        invocation(script, variables, { ...this.#identity.login, ...env }, platform),
        dirname(script.file),
      ),
      // RFC 3875 7.2.
      cwd: dirname(script.file),
      timeout: timeout * 1000,
      stopTimeout: stopTimeout * 1000,
      watchdog: this.#watchdog,
      script: script.file,
      mount: key,
      log,
      ended: (over) => {
        upload.close()
        this.#ended(over)
      },
    })
    this.#running.add(run)
  }

  #ended(run: ScriptRun): void {
    this.#running.delete(run)
    while (this.#waiting.size > 0 && this.#running.size < this.#settings.processes) {
      const { exchange, note } = this.#waiting.take()!
      const { script, upload } = note
      try {
        this.#run(exchange, script, upload)
      } catch (error) {
        upload.close()
        exchange.fail(error)
      }
    }
    if (this.#running.size === 0) this.#idle?.()
  }
}

/** CGI scripts. */
export const cgi: MountKind<typeof cgiSettings> = {
  kind: 'cgi',
  summary: 'CGI scripts (RFC 3875): a folder of them, or one. More in [cgi.md](cgi.md).',
  settings: cgiSettings,
  hasWorkers: true,
  create: (settings, context) => new CgiMount(settings, context),
  scripts: ({ cgi: root }, directory) => ({ root: resolve(directory, root), suffixes: undefined }),
}
