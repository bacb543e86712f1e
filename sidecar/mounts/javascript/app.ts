// An app with the WSGI interface (docs/interface.md), in this process.
import { LOADED_ONCE } from './in-process.ts'
import { ConfigError } from '../../errors.ts'
import { nameOf } from '../../interface/chunk.ts'
import { lint as lintApplication } from '../../interface/lint.ts'
import { runApplication } from '../../interface/run.ts'
import type { Application } from '../../interface/types.ts'
import { atRoot } from '../../variables.ts'
import { lintByDefault } from '../../lint-by-default.ts'
import { loadTarget } from '../load.ts'
import type { Mount, MountContext } from '../mount.ts'
import { checkTarget } from '../syntax.ts'
import { wrapOf, wrapped, type Wrap } from './wrap.ts'

/** What of the settings counts where the app runs. */
export interface AppSettings {
  readonly app: string
  /** Default: as `lintByDefault` says. */
  readonly lint?: boolean | undefined
  readonly wrap: readonly Wrap[]
  readonly keepPrefix: boolean
  /** Seconds. */
  readonly loadTimeout: number
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
  { app: target, wrap, lint = lintByDefault(), keepPrefix, loadTimeout }: AppSettings,
  context: MountContext,
  multiprocess = context.several === true,
): Mount {
  const surroundings = { log: context.log, multiprocess }
  let application: Application | undefined
  return {
    stays: LOADED_ONCE,
    async check() {
      await checkTarget(target, context, 'app')
      for (const [index, one] of wrap.entries()) {
        const at = `wrap.${index}`
        await checkTarget(wrapOf(one, `${context.path}.${at}`).target, context, at)
      }
    },
    async open() {
      const options = { setting: 'app', timeout: loadTimeout * 1000 }
      const { exported } = await loadTarget(target, context, ['app', 'application'], options)
      // With lint round each of them it is known whose fault something is.
      const checked = (one: Application): Application => (lint ? lintApplication(one) : one)
      let made = checked(toApplication(exported, `${context.path}.app`, target))
      for (const [index] of [...wrap.entries()].toReversed())
        made = checked(await wrapped(made, wrap[index]!, `wrap.${index}`, context, loadTimeout * 1000))
      application = made
    },
    handle(exchange) {
      if (keepPrefix) exchange.variables = atRoot(exchange.variables)
      return runApplication(application!, exchange, surroundings)
    },
    async close() {
      application = undefined
    },
  }
}
