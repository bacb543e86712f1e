// The mount kind `python`: a WSGI app (PEP 3333) in worker processes of its own.
import type { ConfigError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { fastcgi } from '../../workers/fastcgi/links.ts'
import type { PoolOptions } from '../../workers/pool.ts'
import type { StartError } from '../../processes/start-error.ts'
import type { MountContext, MountKind } from '../mount.ts'
import { PoolMount } from '../pool-mount.ts'
import { askPython } from './check.ts'
import { spoolBounds, takeBody } from '../../take-body.ts'
import type { Command } from '../../processes/process.ts'
import { demandThreads, pythonCommand } from './interpreter.ts'
import { pythonClaims, pythonSuffixes } from './claims.ts'
import { lifeOptions, mostOf, staffOf } from '../worker-settings.ts'
import { startFailure } from './start-failure.ts'
import { pythonSettings, type PythonSettings } from './settings.ts'

class PythonMount extends PoolMount {
  readonly #settings: PythonSettings
  readonly #context: MountContext

  constructor(settings: PythonSettings, context: MountContext) {
    super()
    this.#settings = settings
    this.#context = context
  }

  protected async options(): Promise<PoolOptions> {
    const { processes, threads, queue, queueTimeout, startTimeout, stopTimeout, abortTimeout } = this.#settings
    const { log, key } = this.#context
    return {
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
    }
  }

  async check(): Promise<void> {
    const wrong = await askPython(await this.#command('check'), this.#settings.startTimeout * 1000)
    if (wrong) throw this.configError(wrong)
  }

  override handle(exchange: Exchange): void | Promise<void> {
    if (exchange.body.length === 0 || this.#settings.streamBodies) return super.handle(exchange)
    const taken = takeBody(exchange, spoolBounds(this.#settings))
    return taken ? taken.then(() => this.#handleTaken(exchange)) : super.handle(exchange)
  }

  #handleTaken(exchange: Exchange): void {
    try {
      void super.handle(exchange)
    } catch (error) {
      exchange.upload?.close()
      throw error
    }
  }

  #command(does: 'serve' | 'check'): Promise<Command> {
    const { python: app, threads, processes, interface: called } = this.#settings
    demandThreads(threads, this.#context)
    const many = `processes=${this.#context.several ? 2 : mostOf(processes)}`
    const options = [`threads=${threads}`, many, `interface=${called}`]
    return pythonCommand({ kind: 'python', app, does, options }, this.#settings, this.#context)
  }

  protected configError(error: StartError): ConfigError {
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
