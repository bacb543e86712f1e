// AJP13's client codec: one request at a time on a connection that is kept.
//
// The first packet of a body of known length goes unasked, all others when the server asks. So bytes that `data` gets early wait
// here (`held`), and leave as `reply` events; an ask for bytes behind the end of the body is answered with an empty packet, also
// where there was no body at all: Tomcat asks when an app reads one. Who drives this writes what `data` and `finish` give and
// every `reply`, and takes no more from its source while `held` is not 0.
//
// Keeps: a packet while it is incomplete (ajp-packet.ts), and what `data` was given too early.
import { PeerError } from '../errors.ts'
import type { Variables } from '../variables.ts'
import { readSendHeaders } from './ajp-head.ts'
import * as packets from './ajp-packet.ts'
import { NO_BODY, PING } from './ajp-response.ts'
import { writeForward } from './ajp-write-forward.ts'
import { asBuffer } from './bytes.ts'
import type { ClientCodec, ClientEvent, ProtocolOptions } from './codec.ts'

/** The client's side of an AJP connection. */
export class AjpClient implements ClientCodec {
  readonly #reader = new packets.PacketReader(packets.TO_HOST, 502)
  readonly #packetSize: number
  readonly #secret: string | undefined
  #events: ClientEvent[] = []
  #dead = false
  #state: 'idle' | 'head' | 'body' = 'idle'
  /** Body bytes that may go in a packet now; 0: the server must ask first. */
  #asked = 0
  #bodyEnded = true
  /** Body bytes to send when they are asked for; not copied. */
  #waiting: Uint8Array[] = []
  #held = 0

  /** @throws {RangeError} for a packetSize that is out of range, or an empty secret. */
  constructor({ secret, packetSize }: ProtocolOptions = {}) {
    this.#packetSize = packets.packetSizeOf(packetSize)
    this.#secret = packets.secretBytes(secret)
  }

  get held(): number {
    return this.#held
  }

  request(variables: Variables, length: number | undefined): Uint8Array {
    if (this.#state !== 'idle') throw new TypeError('a request is in flight on this connection')
    const bytes = writeForward(variables, length, this.#secret, this.#packetSize)
    this.#state = 'head'
    this.#bodyEnded = length === 0
    this.#asked = length !== undefined && length > 0 ? packets.requestChunkMax(this.#packetSize) : 0
    return bytes
  }

  data(chunk: Uint8Array): Uint8Array[] {
    // The response is complete: nobody wants the rest.
    if (this.#state === 'idle' || chunk.byteLength === 0) return []
    this.#waiting.push(chunk)
    this.#held += chunk.byteLength
    return this.#asked > 0 ? [this.#packet()] : []
  }

  finish(): Uint8Array | undefined {
    if (this.#state === 'idle') return undefined
    this.#bodyEnded = true
    if (this.#asked === 0 || this.#held > 0) return undefined
    this.#asked = 0
    return NO_BODY
  }

  ping(): Uint8Array {
    if (this.#state !== 'idle') throw new TypeError('a request is in flight on this connection')
    return PING
  }

  receive(bytes: Uint8Array): ClientEvent[] {
    if (this.#dead) throw new PeerError('CODEC_DEAD', 'this connection has broken the protocol before', 502)
    this.#events = []
    try {
      this.#reader.read(asBuffer(bytes), (payload) => this.#take(payload))
    } catch (error) {
      this.#dead = true
      throw error
    }
    return this.#events
  }

  receiveEnd(): ClientEvent[] {
    if (this.#dead || this.#state === 'idle') return []
    this.#dead = true
    const where = this.#state === 'head' ? 'before its response head' : 'in the middle of its response'
    throw new PeerError('RESPONSE_CUT', `the AJP server closed the connection ${where}`, 502)
  }

  #take(payload: Buffer): void {
    const type = payload[0]
    const state = this.#state
    if (type === packets.CPONG && state === 'idle' && payload.length === 1) this.#events.push({ type: 'pong' })
    else if (type === packets.SEND_HEADERS && state === 'head') {
      this.#state = 'body'
      this.#events.push({ type: 'head', head: readSendHeaders(payload) })
    } else if (type === packets.SEND_BODY_CHUNK && state === 'body') this.#takeChunk(payload)
    else if (type === packets.GET_BODY_CHUNK && state !== 'idle') this.#takeDemand(payload)
    else if (type === packets.END_RESPONSE && state !== 'idle') this.#takeEnd(payload)
    else throw new PeerError('AJP_PACKET', `an AJP packet of type ${type} is out of place`, 502)
  }

  #takeChunk(payload: Buffer): void {
    const fields = fieldsOf(payload)
    const size = fields.integer()
    // Behind the bytes is a NUL.
    if (size > payload.length - 3) throw fields.broken('its bytes are more than it has')
    if (size > 0) this.#events.push({ type: 'body', bytes: payload.subarray(3, 3 + size) })
  }

  #takeDemand(payload: Buffer): void {
    const fields = fieldsOf(payload)
    const size = fields.integer()
    if (size === 0) throw fields.broken('it asks for 0 bytes')
    this.#asked = Math.min(size, packets.requestChunkMax(this.#packetSize))
    if (this.#held > 0) this.#events.push({ type: 'reply', bytes: this.#packet() })
    else if (this.#bodyEnded) {
      this.#asked = 0
      this.#events.push({ type: 'reply', bytes: NO_BODY })
    } else this.#events.push({ type: 'demand', size: this.#asked })
  }

  #takeEnd(payload: Buffer): void {
    const reuse = fieldsOf(payload).byte()
    if (this.#state === 'head') throw new PeerError('RESPONSE_HEAD', 'the response ended before its head', 502)
    this.#state = 'idle'
    // A body that is owed to the server would be in front of the next request; one that is still being given would mix with it.
    const clean = this.#bodyEnded && this.#asked === 0 && this.#held === 0
    this.#waiting = []
    this.#held = 0
    this.#events.push({ type: 'end', reuse: reuse === 1 && clean })
  }

  /** The bytes that wait, as many as were asked for, as a packet. */
  #packet(): Uint8Array {
    const size = Math.min(this.#asked, this.#held)
    const out = Buffer.allocUnsafe(6 + size)
    out.writeUInt16BE(packets.FROM_HOST, 0)
    out.writeUInt16BE(2 + size, 2)
    out.writeUInt16BE(size, 4)
    let at = 6
    while (at < out.length) {
      const chunk = this.#waiting[0]!
      const part = chunk.subarray(0, out.length - at)
      out.set(part, at)
      at += part.byteLength
      if (part.byteLength === chunk.byteLength) this.#waiting.shift()
      else this.#waiting[0] = chunk.subarray(part.byteLength)
    }
    this.#held -= size
    this.#asked = 0
    return out
  }
}

/** The data of a response packet behind its type. */
function fieldsOf(payload: Buffer): packets.Fields {
  return new packets.Fields(payload, 1, 502)
}
