// AJP13's server codec: one request at a time on a connection that is kept.
//
// Nothing in a packet tells body bytes from a request, only its place does. So the body of a request is followed to its end, and
// where it was not read to the end the connection is not used again; a packet out of place ends it.
//
// With a Content-Length the host sends the first packet of the body unasked, further ones when asked; else none before it is
// asked. The end is as many bytes as Content-Length says, or an empty packet, of which there are two forms. lighttpd sends an
// empty one behind a request without a body as well, and its packets of body bytes (up to 1.4.86 at least) lack the length that
// others have in front of the bytes: whether that is there is seen on the first one of a connection, as that length always is
// that of the packet less 2. A body from lighttpd that begins with just this number, sent by a client who tries, is refused
// (BODY_LENGTH), never taken for something else.
//
// Keeps: a packet while it is incomplete (ajp-packet.ts).
import { PeerError } from '../errors.ts'
import { writeHead } from './ajp-head.ts'
import * as packets from './ajp-packet.ts'
import { readForward, type ForwardReading } from './ajp-read-forward.ts'
import { chunkPieces, chunksSize, FLUSH, getBodyChunk, PONG, writeChunks, writeEnd } from './ajp-response.ts'
import { asBuffer } from './bytes.ts'
import type { ProtocolOptions, ServerCodec, ServerEvent } from './codec.ts'
import type { Head } from './head.ts'

const NOTHING: Uint8Array = new Uint8Array(0)
const END_SIZE = 6
/**
 * What lighttpd is asked for: it answers with as many packets as that takes. One packet a question would take 40 ms each over
 * TCP, as it writes the header of a packet first and waits for that to arrive (Nagle's algorithm).
 */
const BARE_ASK = 0xffff

/** `idle`: between requests; `body`: body packets are to come; `done`: all of the request is here; `over`: no more is read. */
type Phase = 'idle' | 'body' | 'done' | 'over'

/** The server's side of an AJP connection. */
export class AjpServer implements ServerCodec {
  // There is no message for it.
  readonly tunnels = false
  fields: readonly string[] | undefined
  readonly #reader = new packets.PacketReader(packets.FROM_HOST, 400)
  readonly #packetSize: number
  readonly #reading: ForwardReading
  readonly #ask: Uint8Array
  #events: ServerEvent[] = []
  #phase: Phase = 'idle'
  #dead = false
  /** The request in flight, or the last one; so that who asks late for another is told nothing. */
  #id = 0
  #length: number | undefined
  #received = 0
  /** Body bytes on their way, or 1 for a packet of them. */
  #owed = 0
  /** Whether packets of the body lack their inner length; undefined before the first. */
  #bare: boolean | undefined
  /** An empty packet that nothing asked for may still come. */
  #stray = false

  /** @throws {RangeError} for a packetSize that is out of range, or an empty secret. */
  constructor(options: ProtocolOptions = {}) {
    const { secret, packetSize, raw = false, decodedPath = false, continued = false } = options
    this.#stray = continued
    this.#packetSize = packets.packetSizeOf(packetSize)
    this.#reading = { secret: packets.secretBytes(secret), raw, decodedPath, headers: options }
    this.#ask = getBodyChunk(packets.requestChunkMax(this.#packetSize))
  }

  receive(bytes: Uint8Array): ServerEvent[] {
    if (this.#dead) throw new PeerError('CODEC_DEAD', 'this connection has broken the protocol before')
    if (this.#phase === 'over') return []
    this.#events = []
    try {
      this.#reader.read(asBuffer(bytes), (payload) => this.#take(payload))
    } catch (error) {
      this.#dead = true
      throw error
    }
    // Not kept: thousands of tiny records would stay alive with their events until the next bytes.
    const events = this.#events
    this.#events = []
    return events
  }

  get between(): boolean {
    return this.#phase === 'idle' && this.#reader.idle && !this.#dead
  }

  receiveEnd(): void {
    if (this.#dead || this.#phase === 'over') return
    const phase = this.#phase
    this.#dead = true
    if (phase === 'body') {
      const of = this.#length === undefined ? '' : ` of ${this.#length}`
      throw new PeerError('BODY_CUT', `the connection ended after ${this.#received}${of} bytes of the request body`)
    }
    if (!this.#reader.idle) throw new PeerError('AJP_CUT', 'the connection ended inside an AJP packet')
  }

  start(id: number, head: Head, chunk: Uint8Array | undefined, last: boolean): Uint8Array {
    if (!this.#answers(id)) return NOTHING
    return this.#response(head, chunk ?? NOTHING, last)
  }

  data(id: number, chunk: Uint8Array): Uint8Array[] {
    return this.#answers(id) ? chunkPieces(chunk, this.#packetSize) : []
  }

  finish(id: number): Uint8Array | undefined {
    if (!this.#answers(id)) return undefined
    const out = Buffer.allocUnsafe(END_SIZE)
    writeEnd(out, 0, this.#over())
    return out
  }

  /** Without END_RESPONSE it is not complete. */
  cut(): Uint8Array {
    return NOTHING
  }

  demand(id: number): Uint8Array | undefined {
    if (id !== this.#id || this.#phase !== 'body' || this.#owed > 0 || this.#dead) return undefined
    this.#owed = 1
    if (!this.#bare || this.#length === undefined) return this.#ask
    this.#owed = Math.min(BARE_ASK, this.#length - this.#received)
    return getBodyChunk(this.#owed)
  }

  keepsOpen(): boolean {
    return this.#phase !== 'over' && !this.#dead
  }

  refuse(head: Head, chunk: Uint8Array): Uint8Array | undefined {
    if (this.#phase !== 'idle') return undefined
    this.#phase = 'over'
    return this.#response(head, chunk, true)
  }

  #answers(id: number): boolean {
    return id === this.#id && (this.#phase === 'body' || this.#phase === 'done')
  }

  /** The response as far as it is known, in one buffer. */
  #response(head: Head, chunk: Uint8Array, last: boolean): Uint8Array {
    const headers = writeHead(head, this.#packetSize)
    const body = chunksSize(chunk.byteLength, this.#packetSize)
    const out = Buffer.allocUnsafe(headers.length + body + (last ? END_SIZE : FLUSH.length))
    out.set(headers)
    const at = writeChunks(out, headers.length, chunk, this.#packetSize)
    if (last) writeEnd(out, at, this.#over())
    else out.set(FLUSH, at)
    return out
  }

  /** Ends the request in flight; gives whether the connection may carry another. */
  #over(): boolean {
    this.#phase = this.#phase === 'done' ? 'idle' : 'over'
    return this.#phase === 'idle'
  }

  #take(payload: Buffer): void {
    if (this.#phase === 'body') this.#takeBody(payload)
    else if (this.#stray && isEmpty(payload)) this.#stray = false
    else if (this.#phase !== 'idle') throw misplaced(payload)
    else if (payload[0] === packets.FORWARD_REQUEST) this.#takeRequest(payload)
    else if (payload[0] === packets.CPING && payload.length === 1) this.#events.push({ type: 'reply', bytes: PONG })
    else throw misplaced(payload)
  }

  #takeRequest(payload: Buffer): void {
    const { variables, fields, length } = readForward(payload, this.#reading)
    this.#id++
    this.fields = fields
    this.#length = length
    this.#received = 0
    this.#owed = length === undefined ? 0 : Math.min(1, length)
    this.#stray = true
    this.#phase = 'body'
    this.#events.push({ type: 'request', id: this.#id, variables, length })
    if (length === 0) this.#bodyEnd()
  }

  #takeBody(payload: Buffer): void {
    this.#owed = Math.max(0, this.#owed - Math.max(1, payload.length))
    if (payload.length === 0 || (isEmpty(payload) && this.#bare !== true)) {
      if (this.#length !== undefined) throw this.#wrongLength(`ended after ${this.#received}`)
      this.#stray = false
      return this.#bodyEnd()
    }
    const bytes = this.#bytesOf(payload)
    this.#received += bytes.length
    if (this.#length !== undefined && this.#received > this.#length) throw this.#wrongLength('is longer')
    this.#events.push({ type: 'body', id: this.#id, bytes })
    if (this.#received === this.#length) this.#bodyEnd()
  }

  #bytesOf(payload: Buffer): Buffer {
    const framed = payload.length > 2 && payload.readUInt16BE(0) === payload.length - 2
    // lighttpd always knows the length.
    this.#bare ??= !framed && this.#length !== undefined
    if (this.#bare) return payload
    if (!framed)
      throw new PeerError('AJP_PACKET', 'an AJP packet is broken: the length of its body bytes is not its own')
    return payload.subarray(2)
  }

  #bodyEnd(): void {
    this.#phase = 'done'
    this.#events.push({ type: 'end', id: this.#id })
  }

  #wrongLength(what: string): PeerError {
    return new PeerError('BODY_LENGTH', `CONTENT_LENGTH is ${this.#length}, and the body ${what}`)
  }
}

/** The two forms of a packet without bytes. */
function isEmpty(payload: Buffer): boolean {
  return payload.length === 0 || (payload.length === 2 && payload[0] === 0 && payload[1] === 0)
}

function misplaced(payload: Buffer): PeerError {
  const what = payload.length === 0 ? 'an empty AJP packet' : `an AJP packet of type ${payload[0]}`
  return new PeerError('AJP_PACKET', `${what} is out of place`)
}
