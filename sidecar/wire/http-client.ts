// HTTP/1.1's client codec (RFC 9112): one request at a time on a connection that may be kept. 100 (Continue) is
// for this hop and dropped: nobody behind it has asked for it (RFC 9110 15.2). Keeps: a head while it is incomplete (HEAD_MAX), a chunk's line.
import { PeerError } from '../errors.ts'
import { fieldOfVariable, type Variables } from '../variables.ts'
import { asBuffer, Beginning } from './bytes.ts'
import { ChunkedReader, chunkPieces, LAST_CHUNK } from './chunked.ts'
import type { ClientCodec, ClientEvent } from './codec.ts'
import { TOKEN } from '../token.ts'
import { BAD_VALUE } from './field-values.ts'
import { FIRST_LOOK, headEnd } from './head-reader.ts'
import { isBodiless } from './head.ts'
import { badResponse, readResponseHead } from './http-response.ts'

/** Largest response head, as for the other protocols. */
const HEAD_MAX = 256 * 1024

const CR = 13
const LF = 10
/** The longest mark at which a head ends. */
const MARK_MAX = 4

/** A request as it is written. */
export interface HttpRequestHead {
  readonly method: string
  /** The request target (RFC 9112 3.2), raw. */
  readonly target: string
  /** Names and values in turn, without those that say how the body is framed. */
  readonly fields: readonly string[]
  /** The server is asked to close the connection after its response. */
  readonly close?: boolean
}

type Phase = 'idle' | 'head' | 'body' | 'dead'

/** The client's side of an HTTP connection. */
export class HttpClient implements ClientCodec {
  readonly held = 0
  readonly #beginning = new Beginning()
  #phase: Phase = 'idle'
  #spoiled = false
  #headRequest = false
  #bare = false
  #keep = true
  /** The request body goes out in chunks. */
  #chunked = false
  /** Bytes of the response that are to come; -1: up to the end of the connection. */
  #left = 0
  #chunks: ChunkedReader | undefined

  get spoiled(): boolean {
    return this.#spoiled
  }

  get bare(): boolean {
    return this.#bare
  }

  get partial(): boolean {
    return this.#phase === 'head' && this.#beginning.size > 0
  }

  request(variables: Variables, length: number | undefined): Uint8Array {
    const fields: string[] = []
    for (const name in variables) {
      const field = fieldOfVariable(name)
      if (field !== undefined && field !== 'content-length') fields.push(field, variables[name]!)
    }
    return this.ask({ method: variables.REQUEST_METHOD!, target: variables.REQUEST_URI ?? '/', fields }, length)
  }

  /**
   * The head of a request whose body has `length` bytes; undefined: its end will tell.
   * @throws {PeerError} UPSTREAM_REQUEST when a part of it cannot stand in a head.
   */
  ask({ method, target, fields, close = false }: HttpRequestHead, length: number | undefined): Uint8Array {
    if (!TOKEN.test(method)) throw unsendable(`the method ${method}`)
    if (/[^\x21-\x7e\x80-\xff]/.test(target)) throw unsendable('the target holds spaces or control characters')
    let text = `${method} ${target} HTTP/1.1\r\n`
    for (let index = 0; index < fields.length; index += 2) {
      const name = fields[index]!
      const value = fields[index + 1]!
      if (!TOKEN.test(name)) throw unsendable(`${JSON.stringify(name.slice(0, 80))} is no header name`)
      if (BAD_VALUE.test(value)) throw unsendable(`a control character in the header ${name}`)
      text += `${name}: ${value}\r\n`
    }
    // RFC 9110 8.6: a method that is meant to have a body says when it has none.
    const wanted = length !== 0 || method === 'POST' || method === 'PUT' || method === 'PATCH'
    if (length === undefined) text += 'transfer-encoding: chunked\r\n'
    else if (wanted) text += `content-length: ${length}\r\n`
    // Some servers send a body behind the head all the same, when the app has made it: it must not be read as the answer to another request.
    const last = close || method === 'HEAD'
    // Servers of HTTP/1.0 keep a connection only where that is asked for.
    text += last ? 'connection: close\r\n\r\n' : 'connection: keep-alive\r\n\r\n'
    this.#phase = 'head'
    this.#headRequest = method === 'HEAD'
    this.#chunked = length === undefined
    return Buffer.from(text, 'latin1')
  }

  data(chunk: Uint8Array): Uint8Array[] {
    return this.#chunked ? chunkPieces(chunk) : [chunk]
  }

  finish(): Uint8Array | undefined {
    return this.#chunked ? LAST_CHUNK : undefined
  }

  receive(bytes: Uint8Array): ClientEvent[] {
    if (this.#phase === 'dead') throw new PeerError('CODEC_DEAD', 'this connection has broken the protocol before', 502)
    const events: ClientEvent[] = []
    try {
      this.#read(asBuffer(bytes), events)
    } catch (error) {
      this.#phase = 'dead'
      this.#beginning.clear()
      throw error
    }
    return events
  }

  receiveEnd(): ClientEvent[] {
    const phase = this.#phase
    if (phase === 'idle') return []
    this.#phase = 'dead'
    if (phase === 'body' && this.#left < 0) return [{ type: 'end', reuse: false }]
    if (phase === 'dead') return []
    const where = phase === 'head' ? 'before a complete response head' : 'before the end of its response'
    throw new PeerError('RESPONSE_CUT', `the server closed the connection ${where}`, 502)
  }

  #read(bytes: Buffer, events: ClientEvent[]): void {
    let data: Buffer | undefined = bytes
    while (data && data.length > 0) {
      if (this.#phase === 'head') data = this.#readHead(data, events)
      else if (this.#phase === 'body') data = this.#readBody(data, events)
      else {
        this.#spoiled = true
        return
      }
    }
  }

  /** Reads a head; gives the bytes behind it, undefined while it is incomplete. */
  #readHead(bytes: Buffer, events: ClientEvent[]): Buffer | undefined {
    // Most heads come whole, and are short.
    if (this.#beginning.size === 0) {
      const text = bytes.toString('latin1', 0, FIRST_LOOK)
      const end = headEnd(text)
      if (end >= 0) return this.#takeHead(text.slice(0, end), bytes.subarray(end), events)
    }
    const searched = Math.max(0, this.#beginning.size - MARK_MAX + 1)
    const data = this.#beginning.join(bytes)
    const end = bytesEnd(data, searched)
    if (end > HEAD_MAX + MARK_MAX || (end < 0 && data.length > HEAD_MAX + MARK_MAX))
      throw new PeerError('RESPONSE_HEAD', `the response head is longer than ${HEAD_MAX} bytes`, 502)
    if (end < 0) {
      if (data.length >= 5 && data.toString('latin1', 0, 5) !== 'HTTP/')
        throw badResponse('it does not begin with HTTP/')
      return void this.#beginning.keep(data)
    }
    this.#beginning.clear()
    return this.#takeHead(data.toString('latin1', 0, end), data.subarray(end), events)
  }

  #takeHead(text: string, rest: Buffer, events: ClientEvent[]): Buffer {
    const { head, body, keep } = readResponseHead(text, this.#headRequest)
    if (head.status === 101) throw badResponse('status 101, and no upgrade was asked for')
    if (head.status < 200) {
      if (head.status > 101) events.push({ type: 'interim', head })
      return rest
    }
    events.push({ type: 'head', head })
    this.#keep = keep && !this.#headRequest
    this.#bare = body === 0 && isBodiless(head.status)
    this.#chunks = body === 'chunked' ? new ChunkedReader(badResponse, true) : undefined
    this.#left = body === 'close' ? -1 : body === 'chunked' ? 0 : body
    this.#phase = 'body'
    if (body === 0) this.#end(events)
    return rest
  }

  /** Reads body bytes; gives those behind the body. */
  #readBody(data: Buffer, events: ClientEvent[]): Buffer | undefined {
    let taken = data.length
    if (this.#chunks) {
      taken = this.#chunks.read(data, 0, (bytes) => events.push({ type: 'body', bytes }))
      if (!this.#chunks.done) return undefined
    } else if (this.#left < 0) {
      events.push({ type: 'body', bytes: data })
      return undefined
    } else {
      taken = Math.min(data.length, this.#left)
      this.#left -= taken
      events.push({ type: 'body', bytes: taken === data.length ? data : data.subarray(0, taken) })
      if (this.#left > 0) return undefined
    }
    this.#end(events)
    return taken < data.length ? data.subarray(taken) : undefined
  }

  #end(events: ClientEvent[]): void {
    this.#phase = 'idle'
    this.#chunks = undefined
    events.push({ type: 'end', reuse: this.#keep })
  }
}

/** As `headEnd`, from a place on. */
function bytesEnd(data: Buffer, from: number): number {
  for (let at = data.indexOf(LF, from); at >= 0; at = data.indexOf(LF, at + 1)) {
    if (data[at + 1] === LF) return at + 2
    if (data[at + 1] === CR && data[at + 2] === LF) return at + 3
  }
  return -1
}

function unsendable(what: string): PeerError {
  return new PeerError('UPSTREAM_REQUEST', `the request cannot be passed on in HTTP: ${what}`)
}
