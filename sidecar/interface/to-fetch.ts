// An Application as a Fetch handler.
import { RequestBody } from '../body.ts'
import { AppError, PeerError, toSidegateError } from '../errors.ts'
import type { Carrier, Door } from '../carrier.ts'
import { Exchange } from '../exchange.ts'
import { completeRequest } from '../request.ts'
import { requestVariables } from '../wire/http-variables.ts'
import { contentLength, type Variables } from '../variables.ts'
import type { Head } from '../wire/head.ts'
import { standalone, type Surroundings } from './environ.ts'
import { logFailures } from './failure-log.ts'
import { runApplication } from './run.ts'
import type { Application } from './types.ts'

const DOOR: Door = { protocol: 'fetch', address: 'toFetch' }

/** Bytes of a response that wait to be read before the app is told to pause: one read of a socket. */
const HIGH_WATER = 64 * 1024

/**
 * Makes a Fetch handler of an Application: `export default { fetch: toFetch(app) }`. Errors are logged and answered with 500; once the
 * head is out they error the stream of the body.
 */
export function toFetch(
  app: Application,
  surroundings: Surroundings = standalone,
): (request: Request) => Promise<Response> {
  const observer = logFailures(surroundings.log)
  return (request) =>
    new Promise((resolve, reject) => {
      const variables = variablesOf(request)
      const carrier = new StreamCarrier(resolve)
      const exchange = new Exchange(carrier, observer, DOOR, variables, bodyOf(request, variables))
      carrier.exchange = exchange
      exchange.onAbort(() => {
        carrier.cut()
        reject(exchange.error ?? toSidegateError(new Error('aborted')))
      })
      const gone = (): void => exchange.abort(clientGone(request.signal.reason))
      if (request.signal.aborted) return gone()
      request.signal.addEventListener('abort', gone, { once: true })
      runApplication(app, exchange, surroundings)
    })
}

function clientGone(cause: unknown): PeerError {
  return new PeerError('CLIENT_GONE', 'the client went away', 499, { cause })
}

function variablesOf(request: Request): Variables {
  const { pathname, search, host, protocol, port } = new URL(request.url)
  const fields: string[] = []
  for (const [name, value] of request.headers) fields.push(name, value)
  if (!request.headers.has('host')) fields.push('host', host)
  const secure = protocol === 'https:'
  const localPort = Number(port) || (secure ? 443 : 80)
  const source = { method: request.method, target: pathname + search, version: 'HTTP/1.1', fields }
  const variables = requestVariables(source, { address: '', port: 0, localPort })
  if (secure) variables.HTTPS = 'on'
  completeRequest(variables)
  return variables
}

function bodyOf(request: Request, variables: Variables): RequestBody {
  const reader = request.body?.getReader()
  if (!reader) return new RequestBody(0)
  let asked = false
  const body: RequestBody = new RequestBody(contentLength(variables), () => {
    if (asked || body.complete) return
    asked = true
    reader.read().then(
      ({ done, value }) => {
        asked = false
        if (done) body.finish()
        else body.push(value)
      },
      (error: unknown) => body.fail(new PeerError('BODY_CUT', 'the request body broke off', 400, { cause: error })),
    )
  })
  return body
}

/** Where the response goes: a Response whose body is whole, or a stream that is filled at the speed at which it is read. */
class StreamCarrier implements Carrier {
  exchange: Exchange | undefined
  readonly #resolve: (response: Response) => void
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined

  constructor(resolve: (response: Response) => void) {
    this.#resolve = resolve
  }

  start({ status, reason, headers }: Head, chunk: Uint8Array | undefined, last: boolean): boolean {
    if (status > 599) throw new AppError('FETCH_STATUS', `a Response cannot have the status ${status}`)
    const init = { status, statusText: reason, headers: headers as [string, string][] }
    // A Response with one of these must not have even an empty body.
    const bodiless = this.exchange?.bodiless || status === 205
    this.#resolve(
      new Response(bodiless ? null : last ? ((chunk ?? null) as Uint8Array<ArrayBuffer> | null) : this.#stream(), init),
    )
    return chunk && !last && !bodiless ? this.write(chunk) : true
  }

  write(chunk: Uint8Array): boolean {
    this.#controller?.enqueue(chunk)
    return (this.#controller?.desiredSize ?? 1) > 0
  }

  finish(): void {
    this.#controller?.close()
  }

  cut(): void {
    this.#controller?.error(this.exchange?.error ?? clientGone(undefined))
    this.#controller = undefined
  }

  #stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.exchange?.notifyDrain(),
        cancel: (reason) => {
          this.#controller = undefined
          this.exchange?.abort(clientGone(reason))
        },
      },
      { highWaterMark: HIGH_WATER, size: (chunk) => chunk?.byteLength ?? 0 },
    )
    return stream as ReadableStream<Uint8Array<ArrayBuffer>>
  }
}
