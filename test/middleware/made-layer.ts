// A layer made of its settings as they stand in a configuration, in front of a function that answers.
import * as v from 'valibot'
import type { Exchange } from '../../sidecar/exchange.ts'
import { Log } from '../../sidecar/log.ts'
import { chain } from '../../sidecar/middleware/chain.ts'
import type { Middleware, MiddlewareContext, MiddlewareKind } from '../../sidecar/middleware/middleware.ts'
import { answer } from '../../sidecar/mounted.ts'
import { LogText } from '../harness.ts'
import { makeExchange, type TestExchange, type TestRequest } from '../exchange.ts'

/** Answers an exchange, as a mount does. */
export type App = (exchange: Exchange) => void | Promise<void>

/** A layer in front of an app. */
export interface LayeredApp {
  readonly layer: Middleware
  readonly log: LogText
  /** Has a request pass the layer. */
  ask(request?: TestRequest): TestExchange
}

/** Opens the layer; whoever asks closes it. */
export async function layered(
  kind: MiddlewareKind,
  settings: Record<string, unknown>,
  app: App,
  more: Partial<MiddlewareContext> = {},
): Promise<LayeredApp> {
  const log = new LogText()
  const layer = kind.create(v.parse(kind.settings, settings), {
    path: `use.0.${kind.name}`,
    mount: '/',
    directory: process.cwd(),
    log: new Log('text', log, log),
    ask: (exchange) => exchange.fail(new Error('nobody is to be asked')),
    ...more,
  })
  await layer.open?.()
  const next = chain([layer], (exchange) => answer({ handle: app }, exchange))
  return {
    layer,
    log,
    ask(request) {
      const made = makeExchange(request)
      next(made.exchange)
      return made
    },
  }
}
