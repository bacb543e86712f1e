// A client that sends exactly what it is told and shows exactly what came back, over HTTP/1.1 or a gateway protocol, one connection
// a request.
import { connect, type Socket } from 'node:net'
import {
  addVariable,
  decodePath,
  emptyVariables,
  resolveDots,
  splitTarget,
  variableName,
  type Variables,
} from '../../sidecar/variables.ts'
import type { ClientCodec } from '../../sidecar/wire/codec.ts'
import { isBodiless, type Head } from '../../sidecar/wire/head.ts'
import { HeadReader } from '../../sidecar/wire/head-reader.ts'
import { everyProtocol, protocols } from '../../sidecar/wire/index.ts'
import type { RequestSpec, Transport } from './case.ts'

/** Whom to ask: `127.0.0.1:8080`, `unix:/run/s.sock` or `pipe:sidegate`. */
export interface Target {
  readonly address: string
  readonly transport: Transport
}

/** What can be spoken to the server under test. */
export const transports: readonly Transport[] = everyProtocol.map(({ name }) => name)

/** In these the response is framed; in all others it is what comes until the connection ends, and is looked at as it is. */
const FRAMED: ReadonlySet<Transport> = new Set(protocols.filter(({ framed }) => framed).map(({ name }) => name))

/** No answer of the suite takes longer, on however busy a machine. */
const ANSWER_TIMEOUT_MS = 20_000

/** A response, whole. */
export class Answer {
  readonly head: Head
  /** Without the framing of the transport. */
  readonly body: Buffer
  /** Everything arrived that the head and the transport announce. */
  readonly complete: boolean
  /** Bytes behind the response that belong to nothing. */
  readonly extra: number

  constructor(head: Head, body: Buffer, complete: boolean, extra: number) {
    this.head = head
    this.body = body
    this.complete = complete
    this.extra = extra
  }

  get status(): number {
    return this.head.status
  }

  get text(): string {
    return this.body.toString('utf8')
  }

  json<T>(): T {
    return JSON.parse(this.text) as T
  }

  /** All values of a field. */
  all(name: string): string[] {
    return this.head.headers.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value)
  }

  /** The only value of a field, or undefined. */
  header(name: string): string | undefined {
    const values = this.all(name)
    if (values.length > 1) throw new Error(`the response has ${values.length} fields ${name}`)
    return values[0]
  }
}

/** A response under way. */
export class Live {
  readonly #socket: Socket
  readonly #request: RequestSpec
  readonly #transport: Transport
  /** Takes the framing off. */
  readonly #codec: ClientCodec | undefined
  #reader = new HeadReader()
  #head: Head | undefined
  #raw: Uint8Array[] = []
  #ended = false
  /** The framing said that the response is complete. */
  #complete = false
  #error: Error | undefined
  #watchers = new Set<() => void>()

  constructor(socket: Socket, request: RequestSpec, transport: Transport, codec: ClientCodec | undefined) {
    this.#socket = socket
    this.#request = request
    this.#transport = transport
    this.#codec = codec
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('error', (error) => (this.#error = error))
    socket.on('close', () => {
      this.#ended = true
      this.#notify()
    })
  }

  /** What has arrived so far; undefined before the head is complete. */
  get answer(): Answer | undefined {
    if (!this.#head) return undefined
    const raw = Buffer.concat(this.#raw)
    const head = this.#head
    if (this.#request.method === 'HEAD' || isBodiless(head.status)) {
      return new Answer(head, Buffer.alloc(0), true, raw.length)
    }
    const length = head.headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1]
    const chunked = head.headers.some(
      ([name, value]) => name.toLowerCase() === 'transfer-encoding' && value === 'chunked',
    )
    if (chunked && this.#transport === 'http') return dechunk(head, raw)
    const complete = this.#codec ? this.#complete : this.#ended && !this.#error
    if (length === undefined) return new Answer(head, raw, complete, 0)
    const size = Number(length)
    return new Answer(head, raw.subarray(0, size), raw.length >= size, Math.max(0, raw.length - size))
  }

  /** Resolves when `found` is true for what has arrived. @throws {Error} when the response ends, or time is up, before. */
  until(found: (answer: Answer) => boolean): Promise<void> {
    return this.#wait('the awaited part of the response', () => {
      const answer = this.answer
      return answer !== undefined && found(answer)
    })
  }

  /** The whole response, once the other side has closed. */
  async whole(): Promise<Answer> {
    await this.#wait('the end of the response', () => this.#ended)
    const answer = this.answer
    if (!answer) throw new Error('the connection closed without a response head', { cause: this.#error })
    return answer
  }

  /** True when the other side has closed. */
  get ended(): boolean {
    return this.#ended
  }

  /** Takes nothing more of the response. */
  pause(): void {
    this.#socket.pause()
  }

  /** Goes away. */
  destroy(): void {
    this.#socket.destroy()
  }

  #take(bytes: Uint8Array): void {
    if (this.#codec) return this.#takeFramed(this.#codec, bytes)
    let rest: Uint8Array | undefined = bytes
    try {
      while (!this.#head && rest && rest.byteLength > 0) {
        const head = this.#reader.push(rest)
        rest = this.#reader.rest
        if (!head) break
        // 100 Continue and its kind come before the response.
        if (head.status < 200 && head.status !== 101) this.#reader = new HeadReader()
        else this.#head = head
      }
    } catch (error) {
      this.#socket.destroy(error as Error)
      return
    }
    if (this.#head && rest && rest.byteLength > 0) this.#raw.push(rest)
    this.#notify()
  }

  #takeFramed(codec: ClientCodec, bytes: Uint8Array): void {
    try {
      for (const event of codec.receive(bytes)) {
        if (event.type === 'head') this.#head = event.head
        else if (event.type === 'body') this.#raw.push(event.bytes)
        else if (event.type === 'reply') this.#socket.write(event.bytes)
        else if (event.type === 'end') this.#complete = true
      }
    } catch (error) {
      this.#socket.destroy(error as Error)
      return
    }
    if (this.#complete) this.#socket.destroy()
    this.#notify()
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher()
  }

  #wait(what: string, done: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (done()) finish()
        else if (this.#ended) finish(new Error(`the connection closed before ${what}`, { cause: this.#error }))
      }
      const finish = (error?: Error): void => {
        clearTimeout(timer)
        this.#watchers.delete(look)
        if (error) reject(error)
        else resolve()
      }
      const timer = setTimeout(() => {
        this.#socket.destroy()
        finish(new Error(`${what} did not come within ${ANSWER_TIMEOUT_MS / 1000} s`))
      }, ANSWER_TIMEOUT_MS)
      this.#watchers.add(look)
      look()
    })
  }
}

/** Connects and sends; the response may be watched as it comes. */
export function open(target: Target, request: RequestSpec): Live {
  const { address, transport } = target
  const socket = connectTo(address)
  const protocol = protocols.find(({ name }) => name === transport)
  const codec = protocol?.client({ packetSize: 65_536 })
  const live = new Live(socket, request, transport, FRAMED.has(transport) ? codec : undefined)
  for (const bytes of codec ? gatewayBytes(request, codec, transport) : httpBytes(request)) socket.write(bytes)
  return live
}

function connectTo(address: string): Socket {
  if (address.startsWith('unix:')) return connect({ path: address.slice('unix:'.length) })
  if (address.startsWith('pipe:')) return connect({ path: `\\\\.\\pipe\\${address.slice('pipe:'.length)}` })
  const colon = address.lastIndexOf(':')
  return connect(Number(address.slice(colon + 1)), address.slice(0, colon).replace(/^\[|\]$/g, ''))
}

function bodyOf(request: RequestSpec): Buffer | undefined {
  return request.body === undefined ? undefined : Buffer.from(request.body as string)
}

function* httpBytes(request: RequestSpec): Generator<Uint8Array> {
  const body = bodyOf(request)
  const { method = 'GET', target, headers = [], chunked } = request
  let head = `${method} ${target} HTTP/1.1\r\n`
  if (!headers.some(([name]) => name.toLowerCase() === 'host')) head += 'Host: localhost\r\n'
  for (const [name, value] of headers) head += `${name}: ${value}\r\n`
  if (body) head += chunked ? 'Transfer-Encoding: chunked\r\n' : `Content-Length: ${body.length}\r\n`
  yield Buffer.from(`${head}Connection: close\r\n\r\n`, 'latin1')
  if (!body) return
  if (!chunked) return yield body
  for (let at = 0; at < body.length; at += chunked) {
    const part = body.subarray(at, at + chunked)
    yield Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')])
  }
  yield Buffer.from('0\r\n\r\n')
}

function nameIn(headers: NonNullable<RequestSpec['headers']>): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === 'host')?.[1].replace(/:[0-9]*$/, '')
}

/** The variables as nginx with Sidegate's snippet sends them. */
function* gatewayBytes(request: RequestSpec, codec: ClientCodec, transport: Transport): Generator<Uint8Array> {
  const body = bodyOf(request)
  const { method = 'GET', target, headers = [], chunked } = request
  const length = body && chunked ? undefined : (body?.length ?? 0)
  const { path, query } = splitTarget(target)
  const variables: Variables = Object.assign(emptyVariables(), {
    REQUEST_METHOD: method,
    REQUEST_URI: target,
    SCRIPT_NAME: '',
    // AJP has the target alone, and its server decodes that.
    PATH_INFO: transport === 'ajp' ? path : resolveDots(decodePath(path)),
    QUERY_STRING: query,
    SERVER_PROTOCOL: 'HTTP/1.1',
    SERVER_NAME: nameIn(headers) ?? 'localhost',
    SERVER_PORT: '80',
    REMOTE_ADDR: '127.0.0.1',
    REMOTE_PORT: '12345',
    REQUEST_SCHEME: 'http',
    CONTENT_LENGTH: body && length !== undefined ? String(length) : '',
    CONTENT_TYPE: '',
  })
  if (!headers.some(([name]) => name.toLowerCase() === 'host')) addVariable(variables, 'HTTP_HOST', 'localhost')
  for (const [name, value] of headers) {
    const variable = variableName(name)
    if (variables[variable] === '') variables[variable] = value
    else addVariable(variables, variable, value)
  }
  yield codec.request(variables, length)
  const piece = chunked ?? body?.length ?? 0
  for (let at = 0; body && at < body.length; at += piece) yield* codec.data(body.subarray(at, at + piece))
  const end = codec.finish()
  if (end) yield end
}

/** Takes HTTP/1.1's chunked framing off (RFC 9112 7.1). */
function dechunk(head: Head, raw: Buffer): Answer {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const line = raw.indexOf('\r\n', at)
    const size = line < 0 ? Number.NaN : Number.parseInt(raw.toString('latin1', at, line), 16)
    if (Number.isNaN(size)) return new Answer(head, Buffer.concat(parts), false, 0)
    const start = line + 2
    if (size === 0) {
      const end = raw.indexOf('\r\n', start)
      return new Answer(head, Buffer.concat(parts), end === start, end === start ? raw.length - end - 2 : 0)
    }
    parts.push(raw.subarray(start, Math.min(start + size, raw.length)))
    if (start + size + 2 > raw.length) return new Answer(head, Buffer.concat(parts), false, 0)
    at = start + size + 2
  }
}
