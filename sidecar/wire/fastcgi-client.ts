// FastCGI's client codec: one request at a time on a connection, or one behind the other, always with KEEP_CONN. The whole request head, and
// the mark that there is no body, is one buffer. A response is complete with END_REQUEST, or with the end of STDOUT when the server then
// closes. Keeps: the response head while it is incomplete (head-reader.ts).
import { PeerError } from '../errors.ts'
import type { Variables } from '../variables.ts'
import { asBuffer } from './bytes.ts'
import type { ClientCodec, ClientEvent } from './codec.ts'
import { HeadReader } from './head-reader.ts'
import { writePairs } from './pairs.ts'
import * as records from './records.ts'
import { CONTENT_MAX, HEADER, RecordReader, type RecordSink } from './records.ts'

/** The id of a request that is alone. */
const ID = 1

/** The client's side of a FastCGI connection. */
export class FastcgiClient implements ClientCodec, RecordSink {
  readonly held = 0
  readonly #reader = new RecordReader(this, 502)
  readonly #endBody = Buffer.alloc(8)
  /** Of the requests that are not answered, in the order of the answers. */
  readonly #ids: number[] = []
  #ended = 0
  #head = new HeadReader()
  #events: ClientEvent[] = []
  #dead = false
  /** How far the response is; `stdout` has ended. */
  #state: 'idle' | 'head' | 'body' | 'stdout ended' = 'idle'
  #stdinEnded = true
  #type = 0

  request(variables: Variables, length: number | undefined): Uint8Array {
    if (this.#state !== 'idle') throw new TypeError('a request is in flight on this connection')
    this.#stdinEnded = length === 0
    this.#ids.push(ID)
    this.#begin()
    return encode(variables, length)
  }

  /**
   * A request that the server gets by another way, behind those under way, whose bodies are sent; it answers one after the other.
   * @param id 2 to 65535, different from those that are not answered
   */
  expect(id: number): void {
    if (!this.#stdinEnded) throw new TypeError('the body of the request under way is not sent')
    this.#ids.push(id)
    if (this.#state === 'idle') this.#begin()
  }

  /** No answer comes to a request that was expected. */
  forget(id: number): void {
    const index = this.#ids.indexOf(id)
    if (index < 0) throw new TypeError(`no request ${id} is expected`)
    this.#ids.splice(index, 1)
    if (index === 0) this.#next()
  }

  /** True when nothing of the request is to come. */
  get requestSent(): boolean {
    return this.#stdinEnded
  }

  get partial(): boolean {
    return this.#state === 'head' && this.#head.begun
  }

  data(chunk: Uint8Array): Uint8Array[] {
    return records.streamPieces(records.STDIN, ID, chunk)
  }

  finish(): Uint8Array | undefined {
    if (this.#stdinEnded) return undefined
    this.#stdinEnded = true
    return records.endOfStream(records.STDIN, ID)
  }

  /** Nobody waits for the answer to the request that `request` gave (5.4); the server may end it early. */
  abort(): Uint8Array {
    const out = new Uint8Array(HEADER)
    records.writeHeader(out, 0, records.ABORT_REQUEST, ID, 0)
    return out
  }

  receive(bytes: Uint8Array): ClientEvent[] {
    if (this.#dead) throw new PeerError('CODEC_DEAD', 'this connection has broken the protocol before', 502)
    this.#events = []
    try {
      this.#reader.read(asBuffer(bytes))
    } catch (error) {
      this.#dead = true
      throw error
    }
    return this.#events
  }

  receiveEnd(): ClientEvent[] {
    if (this.#dead || this.#state === 'idle') return []
    this.#dead = true
    // The stream is complete; only END_REQUEST is missing.
    if (this.#state === 'stdout ended' && this.#reader.idle) return [{ type: 'end', reuse: false }]
    const where = this.#state === 'head' ? 'before the end of its response head' : 'in the middle of its response'
    throw new PeerError('RESPONSE_CUT', `the FastCGI server closed the connection ${where}`, 502)
  }

  open(type: number, id: number, length: number): void {
    this.#type = type
    const state = this.#state
    const fits =
      id === this.#ids[0] &&
      state !== 'idle' &&
      (type === records.STDERR ||
        (type === records.STDOUT && state !== 'stdout ended') ||
        (type === records.END_REQUEST && length === this.#endBody.length))
    if (!fits) {
      throw new PeerError(
        'FASTCGI_RECORD',
        `a FastCGI record of type ${type}, id ${id}, length ${length} is out of place`,
        502,
      )
    }
    this.#ended = 0
    if (type === records.STDOUT && length === 0) {
      // An empty response that ends with protocol status 0 has no head either: closeRequest tells.
      if (state === 'body') this.#state = 'stdout ended'
    }
  }

  content(bytes: Buffer, start: number, end: number): void {
    if (this.#type === records.END_REQUEST) {
      this.#ended += bytes.copy(this.#endBody, this.#ended, start, end)
      return
    }
    const piece = bytes.subarray(start, end)
    if (this.#type === records.STDERR) this.#events.push({ type: 'stderr', bytes: piece })
    else if (this.#state === 'body') this.#events.push({ type: 'body', bytes: piece })
    else this.#readHead(piece)
  }

  close(): void {
    if (this.#type !== records.END_REQUEST) return
    const status = this.#endBody[4]!
    this.#ids.shift()
    if (status === records.CANT_MPX_CONN || status === records.OVERLOADED) {
      throw new PeerError('FASTCGI_BUSY', `the FastCGI server takes no more requests (protocol status ${status})`, 503)
    }
    if (status !== records.COMPLETE) {
      throw new PeerError('FASTCGI_REFUSED', `the FastCGI server refused the request (protocol status ${status})`, 502)
    }
    if (this.#state === 'head') throw new PeerError('RESPONSE_HEAD', 'the response ended before its head did', 502)
    const exit = this.#endBody.readInt32BE(0)
    this.#events.push({ type: 'end', reuse: this.#stdinEnded, ...(exit !== 0 && { exit }) })
    // What is left of STDIN would come before the next request: such a connection is finished.
    if (!this.#stdinEnded) this.#dead = true
    this.#next()
  }

  #next(): void {
    if (this.#ids.length > 0) this.#begin()
    else this.#state = 'idle'
  }

  #begin(): void {
    this.#state = 'head'
    this.#head = new HeadReader()
  }

  #readHead(piece: Buffer): void {
    const head = this.#head.push(piece)
    if (!head) return
    this.#state = 'body'
    this.#events.push({ type: 'head', head })
    const { rest } = this.#head
    if (rest && rest.length > 0) this.#events.push({ type: 'body', bytes: rest })
  }
}

/** The records of a request head; of the whole request when its body is empty. */
function encode(variables: Variables, length: number | undefined): Uint8Array {
  const text = writePairs(variables)
  const size = text.length
  const out = Buffer.allocUnsafe(HEADER + 8 + records.recordsSize(size) + (length === 0 ? 2 * HEADER : HEADER))
  let at = records.writeHeader(out, 0, records.BEGIN_REQUEST, ID, 8)
  out.writeInt32BE((records.RESPONDER << 16) | (records.KEEP_CONN << 8), at)
  out.writeInt32BE(0, at + 4)
  at += 8
  if (size > 0 && size <= CONTENT_MAX) {
    at = records.writeHeader(out, at, records.PARAMS, ID, size)
    at = records.pad(out, at + out.write(text, at, 'latin1'), size)
  } else at = records.writeRecords(out, at, records.PARAMS, ID, Buffer.from(text, 'latin1'))
  at = records.writeHeader(out, at, records.PARAMS, ID, 0)
  if (length === 0) records.writeHeader(out, at, records.STDIN, ID, 0)
  return out
}
