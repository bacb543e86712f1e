// AJP13 packets (ajpv13a, "Basic Packet Structure"): two bytes that tell the direction, a length, the payload; and the types of
// data in it. Keeps: a packet while it is incomplete, at most 4 + 65535 bytes.
import { PeerError } from '../errors.ts'
import { Beginning } from './bytes.ts'

/** What packets from a web server begin with. */
export const FROM_HOST = 0x1234
/** What packets to a web server begin with: `AB`. */
export const TO_HOST = 0x4142

// The first byte of a payload; a packet of body bytes has none.
export const FORWARD_REQUEST = 2
export const SEND_BODY_CHUNK = 3
export const SEND_HEADERS = 4
export const END_RESPONSE = 5
export const GET_BODY_CHUNK = 6
export const CPONG = 9
export const CPING = 10

const HEADER = 4
/** What Tomcat (packetSize), Apache (ProxyIOBufferSize) and mod_jk (max_packet_size) have unless it is set. */
const PACKET_SIZE = 8192

/**
 * The size of packets, checked.
 * @throws {RangeError}
 */
export function packetSizeOf(size: number = PACKET_SIZE): number {
  if (!Number.isInteger(size) || size < PACKET_SIZE || size > 65_536)
    throw new RangeError(`packetSize is ${size}: an AJP packet has 8192 to 65536 bytes`)
  return size
}

/** Body bytes in a packet of a request: header and length take 6. */
export function requestChunkMax(packetSize: number): number {
  return packetSize - 6
}

/** A secret as it is on the wire. */
export function secretBytes(secret: string | undefined): string | undefined {
  if (secret === '') throw new RangeError('an AJP secret without a character protects nothing')
  return secret === undefined ? undefined : Buffer.from(secret, 'utf8').toString('latin1')
}

/** Takes a stream of packets apart, however it is cut. */
export class PacketReader {
  readonly #magic: number
  readonly #status: number
  readonly #beginning = new Beginning()

  /** `status`: what a client gets when the packets are bad, 400 when they are a request, 502 when they are a response. */
  constructor(magic: number, status: 400 | 502) {
    this.#magic = magic
    this.#status = status
  }

  /** True between two packets. */
  get idle(): boolean {
    return this.#beginning.size === 0
  }

  /**
   * Takes bytes that arrived, gives the payload of each packet that is complete to `take`.
   * @throws {PeerError} AJP_MAGIC when no packet begins where one should, and what `take` throws.
   */
  read(bytes: Buffer, take: (payload: Buffer) => void): void {
    const data = this.#beginning.join(bytes)
    let at = 0
    while (data.length > at) {
      this.#check(data, at)
      if (data.length < at + HEADER) break
      const end = at + HEADER + data.readUInt16BE(at + 2)
      if (data.length < end) break
      take(data.subarray(at + HEADER, end))
      at = end
    }
    this.#beginning.keep(at === 0 ? data : data.subarray(at))
  }

  #check(data: Buffer, at: number): void {
    const right = data[at] === this.#magic >> 8 && (data.length === at + 1 || data[at + 1] === (this.#magic & 0xff))
    if (!right) {
      const found = data.subarray(at, at + 2).toString('hex')
      const wanted = this.#magic.toString(16)
      throw new PeerError('AJP_MAGIC', `an AJP packet begins with ${found}, not ${wanted}`, this.#status)
    }
  }
}

/** Reads the data in a payload one after the other. */
export class Fields {
  readonly #payload: Buffer
  /** The whole as latin-1: one conversion, and substrings. */
  readonly #text: string
  readonly #status: number
  #at: number

  /** `at`: where to begin. */
  constructor(payload: Buffer, at: number, status: 400 | 502) {
    this.#payload = payload
    this.#text = payload.toString('latin1')
    this.#at = at
    this.#status = status
  }

  /** True when there is nothing more. */
  get done(): boolean {
    return this.#at === this.#payload.length
  }

  byte(): number {
    return this.#payload[this.#advance(1)]!
  }

  integer(): number {
    return this.#payload.readUInt16BE(this.#advance(2))
  }

  /** A string; undefined for null. */
  text(): string | undefined {
    return this.#string(this.integer())
  }

  /** The name of a header field: a string, or a code of `names`. */
  name(names: { name(code: number): string | undefined }): string {
    const length = this.integer()
    const name = length >> 8 === 0xa0 ? names.name(length & 0xff) : this.#string(length)
    if (name === undefined) throw this.broken(`there is no header with the code ${length.toString(16)}`)
    return name
  }

  broken(why: string): PeerError {
    return new PeerError('AJP_PACKET', `an AJP packet is broken: ${why}`, this.#status)
  }

  #string(length: number): string | undefined {
    if (length === 0xffff) return undefined
    const start = this.#advance(length + 1)
    if (this.#payload[start + length] !== 0) throw this.broken('a string without a NUL behind it')
    return this.#text.substring(start, start + length)
  }

  #advance(size: number): number {
    const at = this.#at
    this.#at += size
    if (this.#at > this.#payload.length) throw this.broken('it ends inside its data')
    return at
  }
}

/** A number of 16 bits, as latin-1 characters. */
export function integer(value: number): string {
  return String.fromCharCode(value >> 8, value & 0xff)
}

/** A string as latin-1 characters; undefined becomes null. */
export function text(value: string | undefined): string {
  return value === undefined ? '\xff\xff' : `${integer(value.length)}${value}\0`
}

/** A packet with a payload of latin-1 characters, of at most 65535. */
export function packet(magic: number, payload: string): Buffer {
  const out = Buffer.allocUnsafe(HEADER + payload.length)
  out.writeUInt16BE(magic, 0)
  out.writeUInt16BE(payload.length, 2)
  out.write(payload, HEADER, 'latin1')
  return out
}
