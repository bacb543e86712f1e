// HTTP/1.1's server codec (RFC 9112): one request at a time on a connection that may be kept. A request that was sent before the
// response to the one ahead of it is complete (pipelining, 9.3.2) waits here, unread; whoever drives the codec stops reading meanwhile.
//
// Keeps: a head while it is incomplete (HEAD_MAX), a chunk's line, and what waits: one read of the connection.
import { PeerError } from '../errors.ts'
import type { HeaderOptions } from '../variables.ts'
import { asBuffer, Beginning } from './bytes.ts'
import { ChunkedReader, chunkPieces, joinChunk, LAST_CHUNK } from './chunked.ts'
import type { Peer, ProtocolOptions, ServerCodec, ServerEvent } from './codec.ts'
import { isBodiless, statusLineHead, type Head } from './head.ts'
import { readRequestHead, readRequestLine, syntax } from './http-head.ts'
import { tryVariables } from './http-variables.ts'

/** Largest request head, as uwsgi allows for its variables. */
const HEAD_MAX = 64 * 1024
/** What may still come of a body whose request was answered, on a connection that is kept: a form; an upload costs the connection. */
const SKIP_MAX = 256 * 1024

const NOTHING: Buffer = Buffer.alloc(0)
const HEAD_END: Buffer = Buffer.from('\r\n\r\n')
const CONTINUE: Buffer = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n')
const CR = 13
const LF = 10
const TLS_HANDSHAKE = 22

const NOBODY: Peer = { address: '', port: 0, localPort: 0 }

/** `head`: between requests or inside a head; `body`: of the request; `here`: all of the request is here. */
type Phase = 'head' | 'body' | 'here' | 'dead'

/** The server's side of an HTTP connection. */
export class HttpServer implements ServerCodec {
  readonly tunnels = true
  readonly #peer: Peer
  readonly #headers: HeaderOptions
  readonly #date: (() => string) | undefined
  readonly #interim: boolean | 'never'
  readonly #beginning = new Beginning()
  #phase: Phase = 'head'
  /** An empty line was ahead of the head. */
  #blank = false
  /** The request line was looked at before the rest of the head came. */
  #begun = false
  /** The request in flight, or the last one; so that who asks late for another is told nothing. */
  #id = 0
  /** How far the response to it is. */
  #answer: 'none' | 'begun' | 'complete' = 'complete'
  #latest = true
  #headRequest = false
  #keep = true
  #retired = false
  /** The client waits for a word before it sends the body (RFC 9110 10.1.1). */
  #expecting = false
  #left = 0
  #chunks: ChunkedReader | undefined
  /** The response goes out in chunks. */
  #chunked = false
  #delimited = true
  #held: Buffer | undefined
  fields: readonly string[] | undefined

  constructor(options: ProtocolOptions = {}) {
    const { peer = NOBODY, date, interim = true } = options
    this.#interim = interim
    this.#headers = options
    this.#peer = peer
    this.#date = date
  }

  get surplus(): Uint8Array | undefined {
    return this.#held
  }

  get pending(): boolean {
    return this.#held !== undefined
  }

  get between(): boolean {
    return this.#phase === 'head' && this.#answer === 'complete' && this.#beginning.size === 0 && this.#keep
  }

  receive(bytes: Uint8Array): ServerEvent[] {
    if (this.#phase === 'dead') throw new PeerError('CODEC_DEAD', 'this connection has broken the protocol before')
    const events: ServerEvent[] = []
    try {
      this.#read(asBuffer(bytes), events)
    } catch (error) {
      this.#phase = 'dead'
      this.#beginning.clear()
      this.#held = undefined
      throw error
    }
    return events
  }

  receiveEnd(): void {
    const phase = this.#phase
    if (phase === 'here' || (phase === 'head' && this.#beginning.size === 0)) return
    this.#phase = 'dead'
    if (phase === 'body') {
      const missing = this.#chunks ? '' : `${this.#left} bytes `
      throw new PeerError('BODY_CUT', `the connection ended ${missing}before the end of the request body`)
    }
    if (phase === 'head') throw syntax('the connection ended inside the head')
  }

  start(id: number, head: Head, chunk: Uint8Array | undefined, last: boolean): Uint8Array {
    if (id !== this.#id || this.#answer !== 'none') return NOTHING
    this.#answer = 'begun'
    if (head.status === 101) {
      // What follows is of another protocol (RFC 9110 7.8).
      this.#keep = this.#chunked = false
      if (last) this.#complete()
      return Buffer.from(statusLineHead(head), 'latin1')
    }
    if (this.#phase === 'dead' || (this.#phase === 'body' && !this.#worthSkipping())) this.#keep = false
    const text = this.#head(head, last ? (chunk?.byteLength ?? 0) : undefined)
    if (last) this.#complete()
    if (!chunk || chunk.byteLength === 0) return Buffer.from(text, 'latin1')
    if (this.#chunked) return joinChunk(text, chunk)
    const out = Buffer.allocUnsafe(text.length + chunk.byteLength)
    out.write(text, 0, 'latin1')
    out.set(chunk, text.length)
    return out
  }

  interim(id: number, head: Head): Uint8Array | undefined {
    // RFC 9110 15.2: no client of HTTP/1.0 knows what that is.
    if (id !== this.#id || this.#answer !== 'none' || !this.#latest) return undefined
    if (head.status === 100) return this.demand(id)
    if (this.#interim !== true) return undefined
    const headers = head.headers.filter(([name]) => name.toLowerCase() !== 'content-length')
    return Buffer.from(statusLineHead({ ...head, headers }), 'latin1')
  }

  data(id: number, chunk: Uint8Array): Uint8Array[] {
    if (id !== this.#id || this.#answer !== 'begun') return []
    return this.#chunked ? chunkPieces(chunk) : [chunk]
  }

  finish(id: number): Uint8Array | undefined {
    if (id !== this.#id || this.#answer !== 'begun') return undefined
    this.#complete()
    return this.#chunked ? LAST_CHUNK : undefined
  }

  cut(): Uint8Array | undefined {
    return this.#delimited ? NOTHING : undefined
  }

  demand(id: number): Uint8Array | undefined {
    if (!this.#expecting || id !== this.#id || this.#answer !== 'none') return undefined
    this.#expecting = false
    return CONTINUE
  }

  keepsOpen(): boolean {
    return this.#keep && this.#phase !== 'dead'
  }

  retire(): void {
    this.#retired = true
    // Where the head is gone, it is the next response that says so.
    if (this.#answer !== 'begun') this.#held = undefined
  }

  refuse(head: Head, chunk: Uint8Array): Uint8Array | undefined {
    // A request whose events were lost with the error has no answer yet, and nobody else to give one.
    if (this.#answer === 'begun') return undefined
    this.#answer = 'complete'
    this.#keep = this.#headRequest = false
    const text = this.#head(head, chunk.byteLength)
    return Buffer.concat([Buffer.from(text, 'latin1'), chunk])
  }

  #complete(): void {
    this.#answer = 'complete'
    if (this.#phase === 'here') this.#phase = 'head'
  }

  /** Whether the connection may outlive a response that is sent before all of its request is here. */
  #worthSkipping(): boolean {
    return !this.#expecting && !this.#chunks && this.#left <= SKIP_MAX
  }

  /** The response head; `size`: of the body, when that is known. Sets how the body goes out. */
  #head(head: Head, size: number | undefined): string {
    let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n`
    let length = false
    let dated = this.#date === undefined
    for (const [name, value] of head.headers) {
      if (name.length === 14 && name.toLowerCase() === 'content-length') {
        // RFC 9110 8.6.
        if (head.status === 204) continue
        length = true
      } else if (name.length === 4 && name.toLowerCase() === 'date') dated = true
      text += `${name}: ${value}\r\n`
    }
    // RFC 9110 6.6.1.
    if (!dated) text += `Date: ${this.#date!()}\r\n`
    this.#chunked = false
    this.#delimited = true
    if (!length && !this.#headRequest && !isBodiless(head.status)) {
      if (size !== undefined) text += `Content-Length: ${size}\r\n`
      else if (this.#latest) {
        text += 'Transfer-Encoding: chunked\r\n'
        this.#chunked = true
      } else {
        // RFC 9112 6.3: the end of the connection is the end of the body.
        this.#keep = this.#delimited = false
      }
    }
    if (this.#retired) this.#keep = false
    if (!this.#keep) text += 'Connection: close\r\n'
    else if (!this.#latest) text += 'Connection: keep-alive\r\n'
    return `${text}\r\n`
  }

  #read(bytes: Buffer, events: ServerEvent[]): void {
    let data = bytes
    const own = this.#held !== undefined
    if (this.#held) {
      data = bytes.length === 0 ? this.#held : Buffer.concat([this.#held, bytes])
      this.#held = undefined
    }
    while (data.length > 0) {
      if (this.#phase === 'here') {
        // Copied: the caller may use its buffer again.
        this.#held = own ? data : Buffer.from(data)
        return
      }
      const taken = this.#phase === 'head' ? this.#readRequest(data, events) : this.#readBody(data, events)
      if (taken === undefined) return
      data = taken
    }
  }

  /** Reads a head; gives the bytes behind it, undefined while it is incomplete. */
  #readRequest(bytes: Buffer, events: ServerEvent[]): Buffer | undefined {
    // Of what was looked at before, the end of the head may begin in the last bytes.
    const searched = Math.max(0, this.#beginning.size - HEAD_END.length + 1)
    let data = this.#beginning.join(bytes)
    if (data[0] === CR && !this.#blank) {
      // RFC 9112 2.2: an empty line ahead of a request, as old clients put it behind a body.
      if (data.length === 1) return void this.#beginning.keep(data)
      if (data[1] !== LF) throw syntax('CR alone')
      this.#beginning.clear()
      this.#blank = true
      return data.subarray(2)
    }
    if (!isTokenByte(data[0]!)) throw firstByte(data[0]!)
    const end = data.indexOf(HEAD_END, searched)
    if (end < 0 || end > HEAD_MAX) {
      this.#lookAhead(data, searched)
      if (end > HEAD_MAX || data.length > HEAD_MAX + HEAD_END.length)
        throw new PeerError('HEAD_TOO_LARGE', `the request head is larger than ${HEAD_MAX / 1024} KB`, 431)
      return void this.#beginning.keep(data)
    }
    const text = data.toString('latin1', 0, end + 2)
    data = data.subarray(end + HEAD_END.length)
    this.#beginning.clear()
    this.#blank = this.#begun = false
    this.#open(text, events)
    return data
  }

  /** What is wrong with a head already: its rest, such as its end, may never come. */
  #lookAhead(data: Buffer, from: number): void {
    const most = Math.min(data.length, HEAD_MAX)
    for (let at = data.indexOf(LF, from); at >= 0 && at < most; at = data.indexOf(LF, at + 1)) {
      if (data[at - 1] !== CR) throw syntax('a line that ends without CR (RFC 9112 2.2)')
      if (this.#begun) continue
      this.#begun = true
      readRequestLine(data.toString('latin1', 0, at + 1))
    }
  }

  #open(text: string, events: ServerEvent[]): void {
    const head = readRequestHead(text)
    const { length } = head
    const [variables, wrong] = tryVariables(head, this.#peer, this.#headers)
    this.#id++
    this.fields = head.fields
    this.#answer = 'none'
    this.#latest = head.version === 'HTTP/1.1'
    this.#headRequest = head.method === 'HEAD'
    this.#keep = head.keep
    this.#expecting = length !== 0 && this.#latest && head.expect === '100-continue' && this.#interim !== 'never'
    const failure = wrong ?? unmet(head.expect)
    if (failure) this.#keep = false
    const id = this.#id
    events.push(
      failure ? { type: 'request', id, variables, length, failure } : { type: 'request', id, variables, length },
    )
    if (length === 0) {
      this.#phase = 'here'
      events.push({ type: 'end', id })
      return
    }
    this.#phase = 'body'
    this.#left = length ?? 0
    this.#chunks = length === undefined ? new ChunkedReader(syntax) : undefined
  }

  /** Reads body bytes; gives those behind the body. */
  #readBody(data: Buffer, events: ServerEvent[]): Buffer {
    const id = this.#id
    this.#expecting = false
    let taken: number
    if (this.#chunks) {
      taken = this.#chunks.read(data, 0, (bytes) => events.push({ type: 'body', id, bytes }))
      if (!this.#chunks.done) return NOTHING
    } else {
      taken = Math.min(data.length, this.#left)
      this.#left -= taken
      events.push({ type: 'body', id, bytes: taken === data.length ? data : data.subarray(0, taken) })
      if (this.#left > 0) return NOTHING
    }
    this.#chunks = undefined
    events.push({ type: 'end', id })
    this.#phase = this.#answer === 'complete' ? 'head' : 'here'
    return data.subarray(taken)
  }
}

/** RFC 9110 5.6.2, roughly: what a method may begin with. */
function isTokenByte(byte: number): boolean {
  return byte > 32 && byte < 127
}

/** RFC 9110 10.1.1. */
function unmet(expect: string | undefined): PeerError | undefined {
  if (expect === undefined || expect === '100-continue') return undefined
  return new PeerError('EXPECT', `the client expects ${JSON.stringify(expect.slice(0, 80))}`, 417)
}

function firstByte(byte: number): PeerError {
  if (byte === TLS_HANDSHAKE) return syntax('this is TLS: the client says https where http is spoken')
  return syntax(`it begins with the byte ${byte.toString(16).padStart(2, '0')}`)
}
