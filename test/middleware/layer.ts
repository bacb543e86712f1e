// One layer by itself, without a gateway: made of its settings as they stand in a configuration, in front of a function that answers.
import { tmpdir } from 'node:os'
import * as v from 'valibot'
import type { SidegateError } from '../../sidecar/errors.ts'
import type { Exchange } from '../../sidecar/exchange.ts'
import { Log } from '../../sidecar/log.ts'
import { chain } from '../../sidecar/middleware/chain.ts'
import type { Middleware, MiddlewareContext, MiddlewareKind } from '../../sidecar/middleware/middleware.ts'
import { answer } from '../../sidecar/mounted.ts'
import type { Variables } from '../../sidecar/variables.ts'
import { LogText } from '../harness.ts'
import { makeExchange, type TestExchange, type TestRequest, type TestResponse } from '../exchange.ts'

/** Answers an exchange, as a mount does. */
export type App = (exchange: Exchange) => unknown

/** A layer with its settings, and what it wrote into the log. */
export interface MadeLayer {
  readonly layer: Middleware
  readonly log: LogText
  /** Hands a request in; `app` answers what comes through. */
  ask(request?: TestRequest, app?: App): TestExchange
}

/** The app: says which variables it got. */
export const reports: App = (exchange) => {
  exchange.respond({ status: 200, reason: 'OK', headers: [['Content-Type', 'application/json']] })
  exchange.end(JSON.stringify(exchange.variables))
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

/**
 * Makes a layer, as `use` does.
 * @param more of its context, what is not as usual
 * @param usual answers where `ask` is given no app
 * @throws {ConfigError} what is wrong with the settings
 */
export function makeLayer(
  kind: MiddlewareKind,
  settings: unknown,
  more: Partial<MiddlewareContext> = {},
  usual: App = reports,
): MadeLayer {
  const text = new LogText()
  const context: MiddlewareContext = {
    path: `use.0.${kind.name}`,
    mount: undefined,
    directory: tmpdir(),
    log: new Log('text', text, text),
    ask: (exchange) => exchange.fail(new Error('nobody is to be asked')),
    ...more,
  }
  const layer = kind.create(v.parse(kind.settings, settings), context)
  return {
    layer,
    log: text,
    ask(request, app = usual) {
      const made = makeExchange(request)
      const handle = (exchange: Exchange): Promise<void> | void => {
        const pending = app(exchange)
        return pending instanceof Promise ? pending : undefined
      }
      chain([layer], (exchange) => answer({ handle }, exchange))(made.exchange)
      return made
    },
  }
}

/** The same in front of a mount at the root, opened. Whoever asks closes it. */
export async function layered(
  kind: MiddlewareKind,
  settings: unknown,
  app: App,
  more: Partial<MiddlewareContext> = {},
): Promise<MadeLayer> {
  const made = makeLayer(kind, settings, { mount: '/', directory: process.cwd(), ...more }, app)
  await made.layer.open?.()
  return made
}

/** What came of a request. */
export interface Passed {
  readonly response: TestResponse
  /** The request as the app got it; undefined: it got none. */
  readonly variables: Variables | undefined
  readonly log: string
  readonly errors: readonly SidegateError[]
  readonly codes: readonly string[]
}

/** Sends one request through a layer, which is opened for it and closed. */
export async function pass(
  kind: MiddlewareKind,
  settings: unknown,
  request: TestRequest = {},
  app: App = answering(200, [['Content-Type', 'text/plain']], 'body'),
  context: Partial<MiddlewareContext> = {},
): Promise<Passed> {
  let variables: Variables | undefined
  const seen: App = (inner) => {
    variables = inner.variables
    return app(inner)
  }
  const { layer, log, ask } = makeLayer(kind, settings, context, seen)
  await layer.open?.()
  const { response, errors } = ask(request)
  const came = await response
  await layer.close?.()
  return { response: came, variables, log: log.text, errors, codes: errors.map(({ code }) => code) }
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
