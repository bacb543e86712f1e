// An Application as a Node handler.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { RequestBody } from '../body.ts'
import { PeerError } from '../errors.ts'
import type { Carrier, Door } from '../carrier.ts'
import { Exchange } from '../exchange.ts'
import { completeRequest } from '../request.ts'
import { requestVariables } from '../wire/http-variables.ts'
import { contentLength, decodePath, resolveDots, splitTarget, type Variables } from '../variables.ts'
import type { Head } from '../wire/head.ts'
import { standalone, type Surroundings } from './environ.ts'
import { logFailures } from './failure-log.ts'
import { runApplication } from './run.ts'
import type { Application } from './types.ts'

const DOOR: Door = { protocol: 'http', address: 'toNode', hop: true }

/**
 * Makes a handler for any Node server of an Application: `createServer(toNode(app))`. Below a prefix of Express or Connect
 * (`use('/shop', toNode(app))`) the prefix becomes SCRIPT_NAME. Errors are logged and answered with 500; a request that cannot be an
 * environ (such as a path above the root) with 400.
 */
export function toNode(
  app: Application,
  surroundings: Surroundings = standalone,
): (request: IncomingMessage, response: ServerResponse) => void {
  const observer = logFailures(surroundings.log)
  return (request, response) => {
    let variables: Variables = { REQUEST_METHOD: request.method ?? 'GET', REQUEST_URI: request.url ?? '/' }
    let length: number | undefined = 0
    let failure: unknown
    try {
      variables = variablesOf(request)
      // RFC 9112 6.3: without Transfer-Encoding and Content-Length a request has no body.
      length = variables.HTTP_TRANSFER_ENCODING === undefined ? (contentLength(variables) ?? 0) : undefined
      completeRequest(variables)
    } catch (error) {
      failure = error
    }
    const carrier = new ResponseCarrier(response)
    const exchange = new Exchange(carrier, observer, DOOR, variables, bodyOf(request, length))
    response.on('drain', () => exchange.notifyDrain())
    response.on('close', () => exchange.abort(new PeerError('CLIENT_GONE', 'the client went away', 499)))
    if (failure === undefined) runApplication(app, exchange, surroundings)
    else exchange.fail(failure)
  }
}

type Mounted = IncomingMessage & { originalUrl?: string }

function variablesOf(request: Mounted): Variables {
  const { socket } = request
  const url = request.url ?? '/'
  const source = {
    method: request.method ?? 'GET',
    target: request.originalUrl ?? url,
    version: `HTTP/${request.httpVersion}`,
    fields: request.rawHeaders,
  }
  const { remoteAddress: address = '', remotePort: port = 0, localPort = 0 } = socket
  const variables = requestVariables(source, { address, port, localPort })
  if ('encrypted' in socket && socket.encrypted) variables.HTTPS = 'on'
  if (request.originalUrl !== undefined && request.originalUrl !== url) shift(variables, url)
  return variables
}

/** The server shows `url` below a prefix: the prefix becomes SCRIPT_NAME. */
function shift(variables: Variables, url: string): void {
  const whole = variables.PATH_INFO ?? ''
  const below = resolveDots(decodePath(splitTarget(url).path))
  if (whole.endsWith(below)) {
    variables.SCRIPT_NAME = whole.slice(0, whole.length - below.length)
    variables.PATH_INFO = below
  } else if (below === '/') {
    variables.SCRIPT_NAME = whole
    variables.PATH_INFO = ''
  }
}

function bodyOf(request: IncomingMessage, length: number | undefined): RequestBody {
  if (length === 0) return new RequestBody(0)
  let started = false
  const body: RequestBody = new RequestBody(length, () => {
    if (!started) {
      started = true
      request.on('data', (bytes: Buffer) => void (body.push(bytes) || request.pause()))
      request.on('end', () => body.finish())
      request.on('error', (error) => body.fail(new PeerError('BODY_CUT', error.message, 400, { cause: error })))
    }
    request.resume()
  })
  return body
}

class ResponseCarrier implements Carrier {
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
  }

  start({ status, reason, headers }: Head, chunk: Uint8Array | undefined, last: boolean): boolean {
    // Flat: with headers set before, as Express does, node:http does not take pairs.
    this.#response.writeHead(status, reason, headers.flat())
    if (last) this.#response.end(chunk)
    else if (chunk) return this.#response.write(chunk)
    else this.#response.flushHeaders()
    return true
  }

  write(chunk: Uint8Array): boolean {
    return this.#response.write(chunk)
  }

  finish(): void {
    this.#response.end()
  }

  cut(): void {
    this.#response.destroy()
  }
}
