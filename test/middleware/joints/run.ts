// Puts a chain together as the gateway does, and sends requests through it.
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import * as v from 'valibot'
import type { Exchange } from '../../../sidecar/exchange.ts'
import { Log } from '../../../sidecar/log.ts'
import { chain, closeAll, openAll } from '../../../sidecar/middleware/chain.ts'
import { layers } from '../../../sidecar/middleware/index.ts'
import type { Middleware, MiddlewareContext, MiddlewareKind, Next } from '../../../sidecar/middleware/middleware.ts'
import { ownLayer } from '../../../sidecar/middleware/own/kind.ts'
import { answer } from '../../../sidecar/mounted.ts'
import { LogText } from '../../harness.ts'
import { makeExchange, type MemoryCarrier, type TestResponse } from '../../exchange.ts'
import { USERS, type Link } from './chains.ts'
import { answerPage } from './pages.ts'
import { testRequest, type Asked } from './requests.ts'

/** What came of a request. */
export interface Came {
  readonly asked: Asked
  readonly response: TestResponse
  readonly carrier: MemoryCarrier
  readonly codes: readonly string[]
}

/** What came of a chain. */
export interface Ran {
  readonly came: readonly Came[]
  /** All that came to the app, in order: what layers asked for too. */
  readonly asked: readonly Exchange[]
  readonly layers: readonly Middleware[]
  readonly log: string
}

/** Longer than anything takes here: what has not ended then does not end. */
const END_MS = 20_000

/** The folder with files that layers are given. */
export const FOLDER = join(import.meta.dirname, 'folder')

/** An app for what layers ask for, and the pages. */
async function app(exchange: Exchange): Promise<void> {
  const { PATH_INFO: path = '', HTTP_COOKIE: cookie = '' } = exchange.variables
  if (path === '/check') {
    const [, name = '', password] = /user=(\w+):(\w+)/.exec(cookie) ?? []
    const right = USERS[name] === password && password !== undefined
    exchange.respond(
      right
        ? {
            status: 200,
            reason: '',
            headers: [
              ['Remote-User', name],
              ['X-Who', name],
            ],
          }
        : { status: 401, reason: '', headers: [['Content-Type', 'text/plain']] },
    )
    return exchange.end(right ? undefined : 'who are you?')
  }
  if (path.startsWith('/errors/')) {
    exchange.respond({ status: 200, reason: '', headers: [['Content-Type', 'text/html']] })
    return exchange.end(`a page for ${path}`)
  }
  return answerPage(exchange)
}

/**
 * Runs a chain.
 * @param front it stands in front of the whole gateway: what its layers ask for comes by way of it, too
 * @param atOnce the requests come at the same moment, else one after the other
 */
export async function run(
  links: readonly Link[],
  requests: readonly Asked[],
  front: boolean,
  atOnce: boolean,
): Promise<Ran> {
  const text = new LogText()
  const log = new Log('text', text, text)
  const asked: Exchange[] = []
  const last: Next = (exchange) => {
    asked.push(exchange)
    answer({ handle: app }, exchange)
  }
  let first: Next = last
  const place = (index: number): MiddlewareContext => ({
    path: `use.${index}`,
    mount: front ? undefined : '/',
    directory: FOLDER,
    log,
    ask: (exchange) => (front ? first(exchange) : last(exchange)),
  })
  const made = links.map((link, index) => makeLayer(link, place(index)))
  first = chain(made, last)
  await openAll(made)
  const came: Came[] = []
  const one = async (each: Asked, number: number): Promise<void> => {
    came[number] = await send(first, each, number)
  }
  try {
    if (atOnce) await Promise.all(requests.map(one))
    else for (const [number, each] of requests.entries()) await one(each, number)
  } finally {
    await closeAll(made)
  }
  // What layers asked for beside a request may take a moment longer than that.
  for (let round = 0; round < 200 && asked.some(({ over }) => !over); round++) await turn()
  return { came, asked, layers: made, log: text.text }
}

function makeLayer({ layer, settings }: Link, context: MiddlewareContext): Middleware {
  const kind: MiddlewareKind =
    layer === 'own' ? ownLayer(join(import.meta.dirname, 'own.ts')) : layers.find(({ name }) => name === layer)!
  return kind.create(v.parse(kind.settings, settings), context)
}

async function send(first: Next, asked: Asked, number: number): Promise<Came> {
  const { exchange, carrier, response, errors, hangUp } = makeExchange(testRequest(asked, number))
  first(exchange)
  let late = false
  const timer = setTimeout(() => {
    late = true
    hangUp()
  }, END_MS)
  void response.then(() => clearTimeout(timer))
  // Nobody else ends what hangs.
  const leaves = asked.leaves ?? (/never|stuck/.test(asked.path) ? 20 : undefined)
  for (let round = 0; !exchange.over && (asked.slow || leaves !== undefined); round++) {
    await turn()
    if (round === leaves) hangUp()
    if (asked.slow) carrier.drain(true)
  }
  const came = await response
  if (late) throw new Error(`did not end: ${JSON.stringify(asked)}`)
  return { asked, response: came, carrier, codes: errors.map(({ code }) => code) }
}
