// An app with the WSGI interface (docs/interface.md), in this process.
import { LOADED_ONCE } from './in-process.ts'
import { ConfigError } from '../../errors.ts'
import { nameOf } from '../../interface/chunk.ts'
import { lint as lintApplication } from '../../interface/lint.ts'
import { runApplication } from '../../interface/run.ts'
import type { Application } from '../../interface/types.ts'
import { loadTarget } from '../load.ts'
import type { Mount, MountContext } from '../mount.ts'
import { checkTarget } from '../syntax.ts'

/** What of the settings counts where the app runs. */
export interface AppSettings {
  readonly app: string
  /** Default: as `lintByDefault` says. */
  readonly lint?: boolean | undefined
  /** Seconds. */
  readonly loadTimeout: number
}

/** Whether apps are linted where no setting says so. */
export function lintByDefault(environment: string | undefined = process.env.NODE_ENV): boolean {
  return environment === 'development' || environment === 'test'
}

/** @throws {ConfigError} APP_SHAPE */
function toApplication(exported: unknown, path: string, target: string): Application {
  if (typeof exported === 'function') return exported as Application
  const hasFetch = typeof (exported as { fetch?: unknown } | null | undefined)?.fetch === 'function'
  const hint = hasFetch ? '; it has a method fetch: mount it as fetch, not as app' : ''
  const message = `${target} exports ${nameOf(exported)}, not a function (environ, startResponse)${hint}`
  throw new ConfigError('APP_SHAPE', path, message)
}

/** @param multiprocess other processes run the same app */
export function appHere(
  { app: target, lint = lintByDefault(), loadTimeout }: AppSettings,
  context: MountContext,
  multiprocess = context.several === true,
): Mount {
  const surroundings = { log: context.log, multiprocess }
  let application: Application | undefined
  return {
    stays: LOADED_ONCE,
    check: () => checkTarget(target, context, 'app'),
    async open() {
      const options = { setting: 'app', timeout: loadTimeout * 1000 }
      const { exported } = await loadTarget(target, context, ['app', 'application'], options)
      const loaded = toApplication(exported, `${context.path}.app`, target)
      application = lint ? lintApplication(loaded) : loaded
    },
    handle(exchange) {
      return runApplication(application!, exchange, surroundings)
    },
    async close() {
      application = undefined
    },
  }
}
