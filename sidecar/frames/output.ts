// What goes out on a connection of frames: small ones gathered and written once per turn of the event loop, large pieces as they are. Never waits:
// what may be under way is bounded by the credits of each request. Behind the end of the connection nothing is written: who has ended it still
// hears what the other side says, and a write would break it.
import type { Duplex } from 'node:stream'
import { notePiece } from '../collector.ts'
import { HEAD_LENGTH } from '../wire/frame-head.ts'
import { FRAME_HEAD, PAYLOAD_MAX } from '../wire/frames.ts'

/** Gathered at most; what is larger is written by itself. */
const GATHERED = 64 * 1024
/** A piece above this size is not copied. */
const COPY_MAX = 16 * 1024

/** The output of one end. */
export class FrameOutput {
  readonly #stream: Duplex
  #gathered = Buffer.allocUnsafeSlow(GATHERED)
  /** Where what is gathered begins: what is ahead of it is still being written. */
  #from = 0
  #size = 0
  #scheduled = false

  constructor(stream: Duplex) {
    this.#stream = stream
  }

  /** Bytes that the system has not taken yet, without those that are gathered. */
  get waiting(): number {
    return this.#stream.writableLength
  }

  /** A frame without a payload. */
  bare(type: number, id: number): void {
    this.#begin(type, id, 0)
  }

  /** Its payload is a number of 32 bits. */
  number(type: number, id: number, value: number): void {
    const at = this.#begin(type, id, 4)
    this.#gathered.writeUInt32BE(value, at)
  }

  /** Its payload is latin-1 text. */
  text(type: number, id: number, text: string): void {
    if (text.length + FRAME_HEAD > GATHERED) return this.bytes(type, id, Buffer.from(text, 'latin1'))
    const at = this.#begin(type, id, text.length)
    this.#gathered.write(text, at, 'latin1')
  }

  /** Its payload is a head, and bytes of a body behind it, if any. */
  head(type: number, id: number, head: string, body: Uint8Array | undefined): void {
    const size = HEAD_LENGTH + head.length + (body?.byteLength ?? 0)
    if (size + FRAME_HEAD > GATHERED) {
      const payload = Buffer.allocUnsafe(size)
      putHead(payload, 0, head, body)
      return this.bytes(type, id, payload)
    }
    const at = this.#begin(type, id, size)
    putHead(this.#gathered, at, head, body)
  }

  /** Bytes; more than a frame can have go into several, of a type where that makes no difference. */
  bytes(type: number, id: number, bytes: Uint8Array): void {
    if (bytes.byteLength > PAYLOAD_MAX) {
      for (let at = 0; at < bytes.byteLength; at += PAYLOAD_MAX)
        this.bytes(type, id, bytes.subarray(at, at + PAYLOAD_MAX))
      return
    }
    if (bytes.byteLength <= COPY_MAX) {
      const at = this.#begin(type, id, bytes.byteLength)
      this.#gathered.set(bytes, at)
      return
    }
    this.#header(type, id, bytes.byteLength)
    const stream = this.#stream
    stream.cork()
    this.#put()
    if (stream.writable) {
      notePiece(bytes.byteLength)
      stream.write(bytes)
    }
    stream.uncork()
  }

  /** Writes what is gathered now. */
  readonly flush = (): void => {
    this.#scheduled = false
    this.#put()
  }

  /** The header of a frame whose payload is put into the buffer next; gives where. */
  #begin(type: number, id: number, length: number): number {
    this.#room(FRAME_HEAD + length)
    this.#header(type, id, length)
    const at = this.#size
    this.#size += length
    if (!this.#scheduled) {
      this.#scheduled = true
      setImmediate(this.flush)
    }
    return at
  }

  #header(type: number, id: number, length: number): void {
    this.#room(FRAME_HEAD)
    const at = this.#size
    this.#gathered.writeUInt32BE(((length << 8) | type) >>> 0, at)
    this.#gathered.writeUInt32BE(id, at + 4)
    this.#size = at + FRAME_HEAD
  }

  #put(): void {
    if (this.#size === this.#from) return
    const stream = this.#stream
    if (!stream.writable) {
      this.#size = this.#from
      return
    }
    stream.write(this.#gathered.subarray(this.#from, this.#size))
    // All of it is in the system's hands, or else its part of the buffer is still in use.
    this.#from = stream.writableLength > 0 ? this.#size : 0
    this.#size = this.#from
  }

  /** Makes room for so many bytes behind what is gathered. */
  #room(size: number): void {
    if (this.#size + size <= GATHERED) return
    this.#put()
    if (this.#from === 0) return
    this.#gathered = Buffer.allocUnsafeSlow(GATHERED)
    this.#from = this.#size = 0
  }
}

function putHead(target: Buffer, at: number, head: string, body: Uint8Array | undefined): void {
  target.writeUInt32BE(head.length, at)
  target.write(head, at + HEAD_LENGTH, 'latin1')
  if (body) target.set(body, at + HEAD_LENGTH + head.length)
}
