// The mount kind `python`: a WSGI app (PEP 3333) in worker processes of its own.
import type { ConfigError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { fastcgi } from '../../workers/fastcgi/links.ts'
import { Pool } from '../../workers/pool.ts'
import { StartError } from '../../processes/start-error.ts'
import type { Mount, MountContext, MountKind, MountStatus, Stack } from '../mount.ts'
import { askPython } from './check.ts'
import { spoolBounds, takeBody } from '../../take-body.ts'
import type { Command } from '../../processes/process.ts'
import { demandThreads, pythonCommand } from './interpreter.ts'
import { pythonClaims, pythonSuffixes } from './claims.ts'
import { lifeOptions, mostOf, staffOf } from '../worker-settings.ts'
import { startFailure } from './start-failure.ts'
import { pythonSettings, type PythonSettings } from './settings.ts'

class PythonMount implements Mount {
  readonly #settings: PythonSettings
  readonly #context: MountContext
  #pool: Pool | undefined

  constructor(settings: PythonSettings, context: MountContext) {
    this.#settings = settings
    this.#context = context
  }

  async open(): Promise<void> {
    const { processes, threads, queue, queueTimeout, startTimeout, stopTimeout, abortTimeout } = this.#settings
    const { log, key } = this.#context
    this.#pool = new Pool({
      command: await this.#command('serve'),
      speech: fastcgi,
      ...staffOf(processes),
      threads,
      queue,
      queueTimeout: queueTimeout * 1000,
      startTimeout: startTimeout * 1000,
      stopTimeout: stopTimeout * 1000,
      abortTimeout: abortTimeout * 1000,
      ...lifeOptions(this.#settings, this.#context),
      name: 'Python worker',
      mount: key,
      log,
      source: this.#context.source,
    })
    await this.#started(this.#pool.open())
  }

  /** Waits for workers. @throws {ConfigError} */
  async #started<T>(start: Promise<T> | undefined): Promise<T | undefined> {
    try {
      return await start
    } catch (error) {
      throw error instanceof StartError ? this.#configError(error) : error
    }
  }

  async check(): Promise<void> {
    const wrong = await askPython(await this.#command('check'), this.#settings.startTimeout * 1000)
    if (wrong) throw this.#configError(wrong)
  }

  handle(exchange: Exchange): void | Promise<void> {
    if (exchange.body.length === 0 || this.#settings.streamBodies) return this.#pool!.handle(exchange)
    const taken = takeBody(exchange, spoolBounds(this.#settings))
    return taken ? taken.then(() => this.#handleTaken(exchange)) : this.#pool!.handle(exchange)
  }

  #handleTaken(exchange: Exchange): void {
    try {
      this.#pool!.handle(exchange)
    } catch (error) {
      exchange.upload?.close()
      throw error
    }
  }

  status(): MountStatus {
    return this.#pool?.status ?? { pids: [], waiting: 0 }
  }

  async reload(): Promise<void> {
    await this.#started(this.#pool?.reload())
  }

  stacks(): Promise<readonly Stack[]> {
    return this.#pool?.stacks() ?? Promise.resolve([])
  }

  async recycle(pid: number): Promise<boolean> {
    return (await this.#started(this.#pool?.recycle(pid))) ?? false
  }

  async close(): Promise<void> {
    await this.#pool?.close()
  }

  #command(does: 'serve' | 'check'): Promise<Command> {
    const { python: app, threads, processes } = this.#settings
    demandThreads(threads, this.#context)
    const options = [`threads=${threads}`, `processes=${this.#context.several ? 2 : mostOf(processes)}`]
    return pythonCommand({ kind: 'python', app, does, options }, this.#settings, this.#context)
  }

  #configError(error: StartError): ConfigError {
    return startFailure(error, 'python', this.#settings.python, this.#settings, this.#context)
  }
}

/** Python WSGI apps. */
export const python: MountKind<typeof pythonSettings> = {
  kind: 'python',
  summary: 'A Python WSGI app (Flask, Django, Bottle, …) in worker processes.',
  settings: pythonSettings,
  hasWorkers: true,
  loads: true,
  suffixes: pythonSuffixes,
  claims: pythonClaims,
  create: (settings, context) => new PythonMount(settings, context),
}
