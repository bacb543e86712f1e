// One layer by itself, with what it hands on answered by a function.
import { tmpdir } from 'node:os'
import type { GenericSchema } from 'valibot'
import * as v from 'valibot'
import type { Exchange } from '../../sidecar/exchange.ts'
import { Log } from '../../sidecar/log.ts'
import { chain } from '../../sidecar/middleware/chain.ts'
import type { Middleware, MiddlewareContext, MiddlewareKind, Next } from '../../sidecar/middleware/middleware.ts'
import { LogText } from '../harness.ts'
import { makeExchange, type TestExchange, type TestRequest } from '../exchange.ts'

/** A layer with its settings, and what it wrote into the log. */
export interface MadeLayer {
  readonly layer: Middleware
  readonly log: LogText
  /** Hands a request in; `app` answers what comes through. */
  ask(request?: TestRequest, app?: (exchange: Exchange) => unknown): TestExchange
}

/** The app: says which variables it got. */
export const reports: Next = (exchange: Exchange) => {
  exchange.respond({ status: 200, reason: 'OK', headers: [['Content-Type', 'application/json']] })
  exchange.end(JSON.stringify(exchange.variables))
}

/** Makes a layer, as `use` does. @throws {ConfigError} what is wrong with the settings */
export function makeLayer<Schema extends GenericSchema>(
  kind: MiddlewareKind<string, Schema>,
  settings: unknown,
  more: Partial<MiddlewareContext> = {},
): MadeLayer {
  const text = new LogText()
  const log = new Log('text', text, text)
  const context: MiddlewareContext = {
    path: `use.0.${kind.name}`,
    mount: undefined,
    directory: tmpdir(),
    log,
    ask: (exchange) => exchange.fail(new Error('nobody is asked')),
    ...more,
  }
  const layer = kind.create(v.parse(kind.settings, settings), context)
  return {
    layer,
    log: text,
    ask(request, app = reports) {
      const made = makeExchange(request)
      chain([layer], (exchange) => void app(exchange))(made.exchange)
      return made
    },
  }
}
