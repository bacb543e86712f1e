// An app in JavaScript in worker processes of its own.
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../../errors.ts'
import { Identity } from '../../processes/identity.ts'
import type { Command } from '../../processes/process.ts'
import type { StartError } from '../../processes/start-error.ts'
import { javascript } from '../../workers/frames/javascript.ts'
import { frames } from '../../workers/frames/links.ts'
import type { PoolOptions } from '../../workers/pool.ts'
import type { Mount, MountContext } from '../mount.ts'
import { PoolMount } from '../pool-mount.ts'
import { checkTarget } from '../syntax.ts'
import { lifeOptions, mostOf, staffOf } from '../worker-settings.ts'
import { workersOf, type CompleteSettings, type WorkerSettings } from './settings.ts'

/** The program of a worker, of the sources or built as this file is. */
const WORKER = fileURLToPath(new URL(`../../worker/main${import.meta.url.slice(-3)}`, import.meta.url))

/** What loads the module gives up first, and knows more. */
const LATE_MS = 10_000

type Kind = 'app' | 'node' | 'fetch' | 'jsgi'

/** What each kind has. */
type Settings = WorkerSettings & { readonly loadTimeout: number } & Partial<Record<Kind, string>>

/**
 * The mount: in workers where the settings say so, else as `here` makes it.
 * @throws {ConfigError} WORKERS_NONE
 */
export function placed<S extends Settings>(
  kind: Kind,
  settings: S,
  context: MountContext,
  here: (settings: S, context: MountContext) => Mount,
): Mount {
  const workers = workersOf(settings, context.path)
  return workers ? new WorkersMount(kind, settings, workers, context) : here(settings, context)
}

class WorkersMount extends PoolMount {
  readonly #kind: Kind
  readonly #settings: Settings
  readonly #workers: CompleteSettings
  readonly #context: MountContext

  constructor(kind: Kind, settings: Settings, workers: CompleteSettings, context: MountContext) {
    super()
    this.#kind = kind
    this.#settings = settings
    this.#workers = workers
    this.#context = context
  }

  protected options(): PoolOptions {
    const { processes, requests, queue, queueTimeout, stopTimeout, abortTimeout, stuckTimeout } = this.#workers
    const { log, key, path, directory, several = false } = this.#context
    const opening = {
      key,
      path,
      directory,
      multiprocess: several || mostOf(processes) > 1,
      kind: this.#kind,
      settings: this.#settings,
    }
    return {
      command: this.#command(),
      speech: frames({ requests, silence: stuckTimeout * 1000, dialect: javascript(this.#kind !== 'app', opening) }),
      ...staffOf(processes),
      threads: requests,
      placesName: 'requests',
      connections: 1,
      queue,
      queueTimeout: queueTimeout * 1000,
      startTimeout: this.#settings.loadTimeout * 1000 + LATE_MS,
      stopTimeout: stopTimeout * 1000,
      abortTimeout: abortTimeout * 1000,
      ...lifeOptions(this.#workers, this.#context),
      name: 'JavaScript worker',
      mount: key,
      log,
    }
  }

  check(): Promise<void> {
    return checkTarget(this.#settings[this.#kind]!, this.#context, this.#kind)
  }

  #command(): Command {
    const { heap, env } = this.#workers
    const { directory, path, key, platform } = this.#context
    const identity = new Identity(this.#workers, path, platform)
    const options = heap === undefined ? [] : [`--max-old-space-size=${heap}`]
    // A debugger has one port, which is the gateway's.
    const inherited = process.execArgv.filter((option) => !option.startsWith('--inspect'))
    const args = [...inherited, ...options, WORKER, key]
    const command = { file: process.execPath, args, cwd: directory, env: identity.environment(env ?? {}) }
    return identity.wrap(command, directory)
  }

  protected configError({ code, message, detail }: StartError): ConfigError {
    const told = code.startsWith('WORKER_') ? `${this.#settings[this.#kind]}: ${message}` : message
    const options = detail === undefined ? {} : { cause: detail }
    const setting = code === 'PROCESS_ENVIRONMENT' ? 'env' : this.#kind
    return new ConfigError(code, `${this.#context.path}.${setting}`, told, options)
  }
}
