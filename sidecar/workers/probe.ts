// A request of the gateway's own, by which a worker shows that it is ready.
import { setTimeout as pause } from 'node:timers/promises'
import { RequestBody } from '../body.ts'
import type { Carrier } from '../carrier.ts'
import { Exchange } from '../exchange.ts'
import { completeRequest } from '../request.ts'
import { emptyVariables, splitTarget, decodePath } from '../variables.ts'

/** What is asked for. */
export interface ProbeRequest {
  /** The target below the mount, such as `/health`. */
  readonly path: string
  /** The Host header. */
  readonly host: string
  /** The prefix of the mount; empty: the root. */
  readonly prefix: string
}

/** What came of it. Status 0: there was no answer. */
type Answer = Pick<Exchange, 'status' | 'error'>

/** Why a worker is not ready. */
export interface Unready {
  readonly why: string
  /** What went wrong there, if that is known. */
  readonly detail: string | undefined
}

/** How soon one that needs more time is asked again, in milliseconds; each time twice as long. */
const PAUSE_FIRST_MS = 50
const PAUSE_MOST_MS = 1000

/** Takes the response, and keeps nothing of it. */
const NOWHERE: Carrier = { start: () => true, write: () => true, finish() {}, cut() {} }
const DOOR = { protocol: 'probe', address: 'probe' }

/** What became of a request that was to be given to a worker; `busy`: it has not ended the one before, though that was answered. */
export type Given = 'given' | 'busy' | 'refused'

/**
 * Asks until the answer has a status below 400, or one that is not 503, which says that it needs more time.
 * @param ask gives a request to the worker
 * @param waits it is asked again
 * @returns undefined when it is ready, or takes no more requests
 */
export async function askUntilReady(
  request: ProbeRequest,
  ask: (exchange: Exchange) => Given,
  waits: (why: string) => void,
): Promise<Unready | undefined> {
  for (let milliseconds = PAUSE_FIRST_MS; ; milliseconds = Math.min(milliseconds * 2, PAUSE_MOST_MS)) {
    const { exchange, answer } = makeProbe(request)
    const given = ask(exchange)
    if (given === 'refused') return undefined
    if (given === 'given') {
      const { status, error } = await answer
      if (status >= 200 && status < 400) return undefined
      const why = `${request.path} was answered with ${status}`
      if (status !== 503 || error) {
        const cause = typeof error?.cause === 'string' ? `\n${error.cause}` : ''
        return { why, detail: error && error.message + cause }
      }
      waits(why)
    }
    await pause(milliseconds)
  }
}

function makeProbe({ path, host, prefix }: ProbeRequest): { exchange: Exchange; answer: Promise<Answer> } {
  const { promise: answer, resolve } = Promise.withResolvers<Answer>()
  const variables = emptyVariables()
  const target = splitTarget(path)
  Object.assign(variables, {
    REQUEST_METHOD: 'GET',
    REQUEST_URI: prefix + path,
    SCRIPT_NAME: prefix,
    PATH_INFO: decodePath(target.path),
    QUERY_STRING: target.query,
    SERVER_NAME: host,
    SERVER_PORT: '80',
    SERVER_PROTOCOL: 'HTTP/1.1',
    REMOTE_ADDR: '127.0.0.1',
    HTTP_HOST: host,
    HTTP_USER_AGENT: 'sidegate',
  })
  completeRequest(variables)
  const observer = { failed() {}, done: resolve }
  return { exchange: new Exchange(NOWHERE, observer, DOOR, variables, new RequestBody(0)), answer }
}
