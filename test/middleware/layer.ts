// One layer with an app behind it, without a gateway.
import * as v from 'valibot'
import { Log } from '../../sidecar/log.ts'
import type { Exchange } from '../../sidecar/exchange.ts'
import { chain } from '../../sidecar/middleware/chain.ts'
import type { Middleware, MiddlewareContext, MiddlewareKind, Next } from '../../sidecar/middleware/middleware.ts'
import { answer } from '../../sidecar/mounted.ts'
import type { Variables } from '../../sidecar/variables.ts'
import { makeExchange, type TestRequest, type TestResponse } from '../exchange.ts'
import { LogText } from '../harness.ts'

/** What came of a request. */
export interface Passed {
  readonly response: TestResponse
  /** The request as the app got it; undefined: it got none. */
  readonly variables: Variables | undefined
  readonly log: string
  readonly codes: readonly string[]
}

/** Makes a layer; its context can be another in parts. */
export function makeLayer(
  kind: MiddlewareKind,
  settings: unknown,
  context: Partial<MiddlewareContext> = {},
): Middleware {
  const text = new LogText()
  const log = new Log('text', text, text)
  const whole = { path: `use.0.${kind.name}`, mount: undefined, directory: '/', log, ask: () => {}, ...context }
  return kind.create(v.parse(kind.settings, settings), whole)
}

/** An app that answers with a status, some fields, and a body. */
export function answering(
  status: number,
  headers: readonly (readonly [string, string])[] = [],
  body?: string,
): (exchange: Exchange) => void {
  return (exchange) => {
    exchange.respond({ status, reason: '', headers })
    exchange.end(body)
  }
}

/** Sends a request through a layer. */
export async function pass(
  kind: MiddlewareKind,
  settings: unknown,
  request: TestRequest = {},
  app: Next = answering(200, [['Content-Type', 'text/plain']], 'body'),
  context: Partial<MiddlewareContext> = {},
): Promise<Passed> {
  const text = new LogText()
  const log = new Log('text', text, text)
  const layer = makeLayer(kind, settings, { log, ...context })
  await layer.open?.()
  const { exchange, response, errors } = makeExchange(request)
  let variables: Variables | undefined
  const next = chain([layer], (inner) => {
    variables = inner.variables
    answer({ handle: app }, inner)
  })
  next(exchange)
  const came = await response
  await layer.close?.()
  return { response: came, variables, log: text.text, codes: errors.map(({ code }) => code) }
}

/** What is wrong with settings that are refused when the layer is made. */
export function refusal(kind: MiddlewareKind, settings: unknown): { code: string; path: string; message: string } {
  try {
    makeLayer(kind, settings)
  } catch (error) {
    return error as { code: string; path: string; message: string }
  }
  throw new Error('the settings were taken')
}
