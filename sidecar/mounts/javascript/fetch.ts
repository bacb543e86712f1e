// A Fetch handler, in this process.
import { LOADED_ONCE } from './in-process.ts'
import { ConfigError } from '../../errors.ts'
import { acceptLightRequests } from '../../handlers/fetch/global.ts'
import { handleFetch, type FetchHandler } from '../../handlers/fetch/handle.ts'
import { messageOf, stackOf } from '../../thrown.ts'
import { atRoot } from '../../variables.ts'
import { loadTarget } from '../load.ts'
import type { Mount, MountContext } from '../mount.ts'
import { checkTarget } from '../syntax.ts'

/** What of the settings counts where the handler runs. */
export interface FetchSettings {
  readonly fetch: string
  readonly request: 'light' | 'native'
  readonly keepPrefix: boolean
  /** Seconds. */
  readonly loadTimeout: number
}

/** An object with a method `fetch`, else a function. */
function toHandler(exported: unknown, path: string, target: string): FetchHandler {
  const object = exported as { fetch?: FetchHandler } | null | undefined
  if (typeof object?.fetch === 'function') return (request, env, context) => object.fetch!(request, env, context)
  if (typeof exported === 'function') return exported as FetchHandler
  const what = exported === null ? 'null' : typeof exported
  throw new ConfigError(
    'FETCH_HANDLER',
    path,
    `${target} exports ${what}, neither a function nor an object with a method fetch`,
  )
}

/** The mount. */
export function fetchHere(
  { fetch: target, request, keepPrefix, loadTimeout }: FetchSettings,
  context: MountContext,
): Mount {
  let handler: FetchHandler | undefined
  const options = {
    request,
    workFailed: (error: unknown): void => {
      const detail = stackOf(error) ?? messageOf(error)
      context.log.error('work given to waitUntil failed', {
        code: 'FETCH_WORK',
        blame: 'app',
        mount: context.key,
        detail,
      })
    },
  }
  return {
    stays: LOADED_ONCE,
    check: () => checkTarget(target, context, 'fetch'),
    async open() {
      if (request === 'light') acceptLightRequests()
      const names = ['app', 'application', 'handler', 'fetch']
      const { exported } = await loadTarget(target, context, names, {
        setting: 'fetch',
        timeout: loadTimeout * 1000,
        isHandler: (object) => typeof (object as { fetch?: unknown }).fetch === 'function',
      })
      handler = toHandler(exported, `${context.path}.fetch`, target)
    },
    handle(exchange) {
      if (keepPrefix) exchange.variables = atRoot(exchange.variables)
      handleFetch(handler!, exchange, options)
    },
    async close() {
      handler = undefined
    },
  }
}
