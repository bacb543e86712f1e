// An exchange without a door: the request comes from an object, the response goes into memory.
import { RequestBody } from '../sidecar/body.ts'
import { PeerError, type SidegateError } from '../sidecar/errors.ts'
import type { Carrier } from '../sidecar/carrier.ts'
import { Exchange } from '../sidecar/exchange.ts'
import { completeRequest } from '../sidecar/request.ts'
import {
  addVariable,
  copyVariables,
  decodePath,
  emptyVariables,
  resolveDots,
  splitTarget,
  variableName,
} from '../sidecar/variables.ts'
import type { Head } from '../sidecar/wire/head.ts'

/** A request to make. */
export interface TestRequest {
  /** Default GET. */
  method?: string
  /** The raw target, whole. Default `/`. */
  path?: string
  /** The prefix of the mount, such as `/shop`: goes to SCRIPT_NAME. Default: the root. */
  prefix?: string
  headers?: Record<string, string> | readonly (readonly [string, string])[]
  /** The header as the client spelled it: name, value, name, value …. Default: nobody has told. */
  fields?: readonly string[]
  /** A string or bytes have a length and come at once; an async iterable has none and is pulled. */
  body?: string | Uint8Array | AsyncIterable<Uint8Array>
  /** What an async iterable is said to have: its CONTENT_LENGTH. */
  length?: number
  /** More variables, or others. */
  variables?: Record<string, string>
  /** The client takes nothing until `carrier.drain()`: `start` and `write` give false. */
  slow?: boolean
}

/** A response as it went out. */
export interface TestResponse {
  status: number
  reason: string
  headers: readonly (readonly [string, string])[]
  body: Buffer
  /** The response was cut, or the exchange aborted: it is not complete. */
  cut: boolean
  /** The value of the first field of that name. */
  header(name: string): string | undefined
}

/** What went out, call by call. */
export class MemoryCarrier implements Carrier {
  head: Head | undefined
  readonly chunks: Uint8Array[] = []
  /** `start`, `start+last`, `write`, `finish`, `cut`. */
  readonly calls: string[] = []
  slow: boolean
  /** Called after each call. */
  changed: () => void = () => {}
  exchange: Exchange | undefined

  constructor(slow: boolean) {
    this.slow = slow
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }

  start(head: Head, chunk: Uint8Array | undefined, last: boolean): boolean {
    this.head = head
    return this.#call(last ? 'start+last' : 'start', chunk)
  }

  write(chunk: Uint8Array): boolean {
    return this.#call('write', chunk)
  }

  finish(): void {
    this.#call('finish')
  }

  cut(): void {
    this.#call('cut')
  }

  /** The client takes what waits; from now on as fast as it comes, unless `slow`. */
  drain(slow = false): void {
    this.slow = slow
    this.exchange?.notifyDrain()
  }

  /** Waits until `condition` holds after some call; the test's own time limit bounds it. */
  until(condition: (carrier: this) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const before = this.changed
      const check = (): void => {
        before()
        if (condition(this)) resolve()
      }
      this.changed = check
      check()
    })
  }

  #call(name: string, chunk?: Uint8Array): boolean {
    this.calls.push(name)
    // A copy, as the kernel takes one: the app may use its memory again.
    if (chunk) this.chunks.push(Uint8Array.from(chunk))
    this.changed()
    return !this.slow
  }
}

/** An exchange under test. */
export interface TestExchange {
  exchange: Exchange
  carrier: MemoryCarrier
  /** Settles when the exchange is over, however it went. */
  response: Promise<TestResponse>
  /** What the gateway would have logged. */
  errors: SidegateError[]
  /** Names of fields that were left out of the response. */
  leftOut: string[]
  /** The client goes away. */
  hangUp(): void
}

/** Makes an exchange from a request. */
export function makeExchange(request: TestRequest = {}): TestExchange {
  const carrier = new MemoryCarrier(request.slow ?? false)
  const errors: SidegateError[] = []
  const leftOut: string[] = []
  const { promise: response, resolve } = Promise.withResolvers<TestResponse>()
  const observer = {
    failed: (_: Exchange, error: SidegateError) => void errors.push(error),
    leftOut: (_: Exchange, names: readonly string[]) => void leftOut.push(...names),
    done: (done: Exchange) => {
      const headers = carrier.head?.headers ?? []
      // Once the calls that are under way have returned.
      queueMicrotask(() =>
        resolve({
          status: carrier.head?.status ?? 0,
          reason: carrier.head?.reason ?? '',
          headers,
          body: carrier.bytes,
          cut: done.aborted,
          header: (name) => headers.find(([field]) => field.toLowerCase() === name.toLowerCase())?.[1],
        }),
      )
    },
  }
  const door = { protocol: 'memory', address: 'memory' }
  const exchange = new Exchange(carrier, observer, door, testVariables(request), testBody(request))
  carrier.exchange = exchange
  exchange.fields = request.fields
  const hangUp = (): void => exchange.abort(new PeerError('CLIENT_GONE', 'the client went away', 499))
  return { exchange, carrier, response, errors, leftOut, hangUp }
}

function testVariables({
  method = 'GET',
  path = '/',
  prefix = '',
  headers = {},
  body,
  length,
  variables: more = {},
}: TestRequest) {
  const variables = emptyVariables()
  const target = splitTarget(path)
  variables.REQUEST_METHOD = method
  variables.REQUEST_URI = path
  variables.SCRIPT_NAME = prefix
  variables.PATH_INFO = target.path === '*' ? '' : resolveDots(decodePath(target.path)).slice(prefix.length)
  variables.QUERY_STRING = target.query
  variables.SERVER_NAME = 'test.example'
  variables.SERVER_PORT = '80'
  variables.SERVER_PROTOCOL = 'HTTP/1.1'
  variables.REMOTE_ADDR = '192.0.2.7'
  variables.REMOTE_PORT = '4711'
  variables.HTTP_HOST = 'test.example'
  if (typeof body === 'string' || body instanceof Uint8Array) variables.CONTENT_LENGTH = String(Buffer.byteLength(body))
  else if (length !== undefined) variables.CONTENT_LENGTH = String(length)
  const pairs =
    Symbol.iterator in headers ? (headers as readonly (readonly [string, string])[]) : Object.entries(headers)
  for (const [name, value] of pairs) {
    const variable = variableName(name)
    if (variable === 'HTTP_HOST') variables.HTTP_HOST = value
    else addVariable(variables, variable, value)
  }
  const given = Object.assign(copyVariables(variables), more)
  completeRequest(given)
  return given
}

function testBody({ body: source, length }: TestRequest): RequestBody {
  if (source === undefined) return new RequestBody(0)
  if (typeof source === 'string' || source instanceof Uint8Array) {
    const bytes = Buffer.from(source as string)
    const body = new RequestBody(bytes.byteLength)
    if (bytes.byteLength > 0) body.push(bytes)
    body.finish()
    return body
  }
  const iterator = source[Symbol.asyncIterator]()
  let asking = false
  const body: RequestBody = new RequestBody(length, () => {
    if (asking) return
    asking = true
    void (async () => {
      for (let more = true; more;) {
        const { done, value } = await iterator.next()
        if (done) return body.finish()
        more = body.push(value) || body.wanted
      }
      asking = false
    })().catch(() => body.fail(new PeerError('BODY_CUT', 'the client went away', 499)))
  })
  return body
}
