// The Request that a Fetch handler gets: method, url, headers and the usual ways to read the body are answered from the variables; the
// platform's own Request, which costs more than many an app, is made when something else is asked for.
import type { Handled } from '../handled.ts'
import { bodyStream, readAll } from './body.ts'
import { LightHeaders, nativeHeaders } from './headers.ts'
import { requestUrl } from './url.ts'

const decoder = new TextDecoder()

/** Passes for a Request (`instanceof` holds). The global `Request` and `fetch` take it too (global.ts); of another library's, ask `native`. */
export class LightRequest {
  readonly #exchange: Handled
  #url: string | undefined
  #headers: LightHeaders | undefined
  #native: Request | undefined
  #used = false

  constructor(exchange: Handled) {
    this.#exchange = exchange
  }

  get method(): string {
    return this.#exchange.variables.REQUEST_METHOD!
  }

  get url(): string {
    return (this.#url ??= requestUrl(this.#exchange.variables))
  }

  get headers(): LightHeaders | Headers {
    if (this.#native && !this.#headers) return this.#native.headers
    return (this.#headers ??= new LightHeaders(this.#exchange))
  }

  /** Fires when the client goes away before the response is complete. */
  get signal(): AbortSignal {
    return this.#exchange.signal
  }

  get bodyUsed(): boolean {
    return this.#native ? this.#native.bodyUsed : this.#used
  }

  async text(): Promise<string> {
    return this.#native ? this.#native.text() : decoder.decode(await this.#all())
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  async bytes(): Promise<Uint8Array> {
    return this.#native ? new Uint8Array(await this.#native.arrayBuffer()) : new Uint8Array(await this.#all())
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#native ? this.#native.arrayBuffer() : new Uint8Array(await this.#all()).buffer
  }

  /** The platform's Request. */
  native(): Request {
    if (this.#native) return this.#native
    this.#native = nativeRequest(this.#exchange, this.url, this.#headers?.native(), this.#used)
    // The body has been read here: reading it there makes it unusable there too.
    if (this.#used) void this.#native.text()
    return this.#native
  }

  #all(): Promise<Buffer> | Buffer {
    if (!hasBody(this.#exchange)) return Buffer.alloc(0)
    if (this.#used) throw new TypeError('Body is unusable: Body has already been read')
    this.#used = true
    return readAll(this.#exchange.body)
  }
}

// A Request for GET or HEAD has no body (fetch.spec.whatwg.org).
function hasBody({ variables, body }: Handled): boolean {
  return body.length !== 0 && variables.REQUEST_METHOD !== 'GET' && variables.REQUEST_METHOD !== 'HEAD'
}

// fetch.spec.whatwg.org, "forbidden method": no Request can be made with them, but clients send them.
const FORBIDDEN = /^(?:CONNECT|TRACE|TRACK)$/i

/** The platform's Request of an exchange; `withoutBody`: an empty one stands for it. */
export function nativeRequest(
  exchange: Handled,
  url: string = requestUrl(exchange.variables),
  headers: Headers = nativeHeaders(exchange),
  withoutBody = false,
): Request {
  const { signal, variables, body } = exchange
  const method = variables.REQUEST_METHOD!
  const refused = FORBIDDEN.test(method)
  const init: RequestInit = { method: refused ? 'GET' : method, headers, signal }
  if (withoutBody) init.body = ''
  else if (!refused && hasBody(exchange)) {
    init.body = bodyStream(body)
    init.duplex = 'half'
  }
  const request = new Request(url, init)
  if (refused) Object.defineProperty(request, 'method', { value: method, configurable: true, enumerable: true })
  return request
}
