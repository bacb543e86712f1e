// The mount `fetch`: a Fetch handler, such as an app of Hono, in this process. `Request.url` is what the client asked for, the mount's
// prefix included: an app below a prefix names it (Hono: `basePath`), as the Fetch API has no SCRIPT_NAME. Variables come as `environ`
// of the second argument.
import * as v from 'valibot'
import { seconds } from '../quantity.ts'
import { ConfigError } from '../errors.ts'
import { messageOf, stackOf } from '../thrown.ts'
import { acceptLightRequests } from '../handlers/fetch/global.ts'
import { handleFetch, type FetchHandler } from '../handlers/fetch/handle.ts'
import { hasMethod } from './bare-target.ts'
import { LOAD_TIMEOUT, loadTarget } from './load.ts'
import type { MountContext, MountKind } from './mount.ts'
import { checkTarget } from './syntax.ts'

const settings = v.strictObject({
  fetch: v.pipe(
    v.string(),
    v.description(
      'The module of the handler, with #name for one of its exports (else: default, app, application, handler, fetch): a function ' +
        '(request, env, context) that gives a Response, or an object with such a method fetch.',
    ),
  ),
  request: v.pipe(
    v.optional(v.picklist(['light', 'native']), 'light'),
    v.description(
      "Which Request the handler gets: a light one, or the platform's own, for handlers that pass it to a Request or fetch that is not the global one.",
    ),
  ),
  loadTimeout: seconds(LOAD_TIMEOUT / 1000, 'Seconds the module may take to load.', 0.001),
})

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

export const fetch: MountKind<typeof settings> = {
  kind: 'fetch',
  summary: 'A Fetch handler: Hono, or a function from Request to Response.',
  settings,
  loads: true,
  exports: {
    plain: 'a Fetch handler (request)',
    shapes: [
      {
        because: 'the export has a method fetch, as apps of Hono have',
        has: (value) => hasMethod(value, 'fetch'),
      },
    ],
    names: { words: ['fetch'], because: 'the export is a function called fetch' },
  },
  create({ fetch: target, request, loadTimeout }, context: MountContext) {
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
        handleFetch(handler!, exchange, options)
      },
      async close() {
        handler = undefined
      },
    }
  },
}
