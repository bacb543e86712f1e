// The request that a JSGI app gets (CommonJS JSGI 0.3, "Request").
import { rawFields } from '../../fields.ts'
import { handlerTargets } from '../../targets.ts'
import { isSecure } from '../../variables.ts'
import { readAll } from '../fetch/body.ts'
import { isChunked } from '../framing.ts'
import type { Handled, HandledBody } from '../handled.ts'

/** Where an app writes what went wrong. */
export interface JsgiErrors {
  print(text: unknown): void
  flush(): void
}

/** Those of an app whose stream is `stream`. */
export function jsgiErrors(stream: { write(text: string): void; flush(): void }): JsgiErrors {
  return { print: (text) => stream.write(`${text}\n`), flush: () => stream.flush() }
}

/** The body of a request. It is read once, by one of these. */
export interface JsgiInput extends AsyncIterable<Uint8Array> {
  /** Calls `take` with each part, waits for what it gives. Resolves at the end; rejects when the client goes away. */
  forEach(take: (part: Uint8Array) => unknown): Promise<void>
  /** All of it. */
  read(): Promise<Uint8Array>
}

/** A request. Paths are as the client wrote them, not decoded. */
export interface JsgiRequest {
  readonly method: string
  scriptName: string
  pathInfo: string
  readonly queryString: string
  readonly host: string
  readonly port: number
  readonly scheme: 'http' | 'https'
  readonly input: JsgiInput
  /** The same, by the name that jsgi-node and its middleware have. */
  readonly body: JsgiInput
  /** Names are lower case. */
  readonly headers: Record<string, string>
  readonly version: readonly [major: number, minor: number]
  readonly remoteAddr: string
  /** The same, by the name that RingoJS has. */
  readonly remoteAddress: string
  /** For middleware, to put something in. */
  readonly env: Record<string, unknown>
  readonly jsgi: {
    readonly version: readonly [0, 3]
    readonly errors: JsgiErrors
    readonly multithread: false
    readonly multiprocess: boolean
    readonly runOnce: false
    readonly cgi: false
    readonly async: true
    readonly ext: Record<string, unknown>
  }
}

/** What a request is told of its surroundings. */
export interface JsgiSurroundings {
  readonly errors: JsgiErrors
  /** Other processes run the same app. */
  readonly multiprocess: boolean
}

class Input implements JsgiInput {
  readonly #body: HandledBody

  constructor(body: HandledBody) {
    this.#body = body
  }

  async forEach(take: (part: Uint8Array) => unknown): Promise<void> {
    for await (const part of this) await take(part)
  }

  read(): Promise<Uint8Array> {
    return readAll(this.#body)
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      const part = await this.#body.read()
      if (part === null) return
      yield part
    }
  }
}

const pathOf = (target: string): string => target.replace(/\?.*$/s, '')

/** The request of an exchange. */
export function jsgiRequest(exchange: Handled, { errors, multiprocess }: JsgiSurroundings): JsgiRequest {
  const { variables } = exchange
  const { full, below } = handlerTargets(variables)
  const pathInfo = pathOf(below)
  const whole = pathOf(full)
  const headers: Record<string, string> = {}
  const raw = rawFields(variables, isChunked(exchange))
  for (let i = 0; i < raw.length; i += 2) headers[raw[i]!] = raw[i + 1]!
  const scheme = isSecure(variables) ? 'https' : 'http'
  const [, major = '1', minor = '1'] = /^HTTP\/([0-9])(?:\.([0-9]))?$/.exec(variables.SERVER_PROTOCOL ?? '') ?? []
  const input = new Input(exchange.body)
  const remote = variables.REMOTE_ADDR ?? ''
  return {
    method: variables.REQUEST_METHOD!,
    // An app at a prefix that was asked for the prefix itself has a path of `/` below, or none.
    scriptName: whole.endsWith(pathInfo) ? whole.slice(0, whole.length - pathInfo.length) : whole,
    pathInfo,
    queryString: variables.QUERY_STRING ?? '',
    host: (variables.HTTP_HOST ?? variables.SERVER_NAME ?? 'localhost').replace(/:[0-9]+$/, ''),
    port: Number(variables.SERVER_PORT || (scheme === 'https' ? 443 : 80)),
    scheme,
    input,
    body: input,
    headers,
    version: [Number(major), Number(minor)],
    remoteAddr: remote,
    remoteAddress: remote,
    env: {},
    jsgi: {
      version: [0, 3],
      errors,
      multithread: false,
      multiprocess,
      runOnce: false,
      cgi: false,
      async: true,
      ext: {},
    },
  }
}
