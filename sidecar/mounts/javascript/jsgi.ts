// A JSGI app, in this process.
import { LOADED_ONCE } from './in-process.ts'
import { ConfigError } from '../../errors.ts'
import { handleJsgi, type JsgiApp } from '../../handlers/jsgi/handle.ts'
import { jsgiErrors } from '../../handlers/jsgi/request.ts'
import { LogErrorStream } from '../../interface/error-stream.ts'
import { atRoot } from '../../variables.ts'
import { loadTarget } from '../load.ts'
import type { Mount, MountContext } from '../mount.ts'
import { checkTarget } from '../syntax.ts'

/** What of the settings counts where the app runs. */
export interface JsgiSettings {
  readonly jsgi: string
  readonly keepPrefix: boolean
  /** Seconds. */
  readonly loadTimeout: number
}

/** @param multiprocess other processes run the same app */
export function jsgiHere(
  { jsgi: target, keepPrefix, loadTimeout }: JsgiSettings,
  context: MountContext,
  multiprocess = context.several === true,
): Mount {
  let app: JsgiApp | undefined
  return {
    stays: LOADED_ONCE,
    check: () => checkTarget(target, context, 'jsgi'),
    async open() {
      const options = { setting: 'jsgi', timeout: loadTimeout * 1000 }
      const { exported } = await loadTarget(target, context, ['app', 'application'], options)
      if (typeof exported !== 'function') {
        const what = exported === null ? 'null' : typeof exported
        throw new ConfigError(
          'JSGI_HANDLER',
          `${context.path}.jsgi`,
          `${target} exports ${what}, not a function (request)`,
        )
      }
      app = exported as JsgiApp
    },
    handle(exchange) {
      if (keepPrefix) exchange.variables = atRoot(exchange.variables)
      const errors = jsgiErrors(new LogErrorStream(context.log, exchange))
      handleJsgi(app!, exchange, { errors, multiprocess })
    },
    async close() {
      app = undefined
    },
  }
}
