// A client that sends exactly what it is told and shows exactly what came back, over HTTP/1.1 or a gateway protocol, one connection
// a request.
import { connect, type Socket } from 'node:net'
import type { ClientCodec } from '../../sidecar/wire/codec.ts'
import { isBodiless, type Head } from '../../sidecar/wire/head.ts'
import { HeadReader } from '../../sidecar/wire/head-reader.ts'
import { everyProtocol, protocols } from '../../sidecar/wire/index.ts'
import { Answer, dechunk } from './answer.ts'
import type { RequestSpec, Transport } from './case.ts'
import { gatewayBytes, HELD, httpBytes, type Bytes } from './request-bytes.ts'

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
  readonly #interim: Head[] = []
  /** What of the request has not been sent yet. */
  #bytes: Bytes | undefined
  #taker: ((bytes: Uint8Array) => void) | undefined

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
    return this.wait('the awaited part of the response', () => {
      const answer = this.answer
      return answer !== undefined && found(answer)
    })
  }

  /** The whole response, once the other side has closed. */
  async whole(): Promise<Answer> {
    await this.wait('the end of the response', () => this.#ended)
    const answer = this.answer
    if (!answer) throw new Error('the connection closed without a response head', { cause: this.#error })
    return answer
  }

  /** True when the other side has closed. */
  get ended(): boolean {
    return this.#ended
  }

  /** Heads that came before the response: 103 and its kind. */
  get interim(): readonly Head[] {
    return this.#interim
  }

  /** The port of this side; undefined over a Unix socket, and before the connection is there. */
  get localPort(): number | undefined {
    return this.#socket.localPort
  }

  /** Bytes that were to be sent and that the other side has not taken, beside what the system keeps for it. */
  get unsent(): number {
    // The client of AJP keeps what the server has not asked for.
    return this.#socket.writableLength + (this.#codec?.held ?? 0)
  }

  /** Sends a request, up to where it is held; again: the rest. */
  send(bytes: Bytes): void {
    this.#bytes = bytes
    this.sendRest()
  }

  /** Sends what is held of the request. */
  sendRest(): void {
    for (;;) {
      const next = this.#bytes?.next()
      if (!next || next.done || next.value === HELD) return
      this.#socket.write(next.value)
    }
  }

  /** Sends bytes behind the request, on a connection that has become something else (101). */
  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** From here on the bytes behind the head go to `taker`, those that have come first. */
  handOver(taker: (bytes: Uint8Array) => void): void {
    for (const bytes of this.#raw.splice(0)) taker(bytes)
    this.#taker = taker
  }

  /** Resolves when the response's head is there. @throws {Error} when the connection ends, or time is up, before. */
  async head(): Promise<Head> {
    await this.wait('the head of the response', () => this.#head !== undefined)
    return this.#head!
  }

  /** Takes nothing more of the response. */
  pause(): void {
    this.#socket.pause()
  }

  /** Takes it again. */
  resume(): void {
    this.#socket.resume()
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
        if (head.status < 200 && head.status !== 101) {
          this.#interim.push(head)
          this.#reader = new HeadReader()
        } else this.#head = head
      }
    } catch (error) {
      this.#socket.destroy(error as Error)
      return
    }
    if (this.#head && rest && rest.byteLength > 0) {
      if (this.#taker) this.#taker(rest)
      else this.#raw.push(rest)
    }
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

  /** Resolves when `done` is true; it is asked whenever bytes come. @throws {Error} when the connection ends, or time is up, before. */
  wait(what: string, done: () => boolean): Promise<void> {
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
  live.send(codec ? gatewayBytes(request, codec, transport) : httpBytes(request))
  return live
}

/** A connection to an address. */
export function connectTo(address: string): Socket {
  if (address.startsWith('unix:')) return connect({ path: address.slice('unix:'.length) })
  if (address.startsWith('pipe:')) return connect({ path: `\\\\.\\pipe\\${address.slice('pipe:'.length)}` })
  const colon = address.lastIndexOf(':')
  return connect(Number(address.slice(colon + 1)), address.slice(0, colon).replace(/^\[|\]$/g, ''))
}
