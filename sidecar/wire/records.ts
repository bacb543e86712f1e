// FastCGI records (FastCGI 1.0, 3.3): taken apart while they arrive, and written. Both roles of fastcgi.ts stand on this.
// Keeps: a header while it is incomplete, 8 bytes. Contents are handed on as they come and never collected here.
import { PeerError } from '../errors.ts'

// Record types (section 8).
export const BEGIN_REQUEST = 1
export const ABORT_REQUEST = 2
export const END_REQUEST = 3
export const PARAMS = 4
export const STDIN = 5
export const STDOUT = 6
export const STDERR = 7
export const DATA = 8
export const GET_VALUES = 9
export const GET_VALUES_RESULT = 10
export const UNKNOWN_TYPE = 11

// BEGIN_REQUEST (5.1): the role served here, and the flag bit that leaves the connection open.
export const RESPONDER = 1
export const KEEP_CONN = 1

// Protocol status of END_REQUEST (5.5).
export const COMPLETE = 0
export const CANT_MPX_CONN = 1
export const OVERLOADED = 2
export const UNKNOWN_ROLE = 3

/** The length of a record's header. */
export const HEADER = 8
/**
 * The most content that a record gets here: the largest multiple of 8, so that it needs no padding. PHP-FPM stops reading at
 * a record whose content and padding are longer than this.
 */
export const CONTENT_MAX = 0xfff8
/** Smaller pieces are copied behind their header: one write costs less than three. */
const COPY_BELOW = 4096

const ZEROS: Uint8Array = new Uint8Array(8)

/** What a RecordReader tells: for each record `open`, then its content in pieces (none when it is empty), then `close`. */
export interface RecordSink {
  /** @throws {PeerError} when such a record may not come now. */
  open(type: number, id: number, length: number): void
  /** Content: `bytes` from `start` to `end`, which are not equal. */
  content(bytes: Buffer, start: number, end: number): void
  close(): void
}

/** Takes a stream of records apart, however it is cut. */
export class RecordReader {
  readonly #sink: RecordSink
  readonly #header = Buffer.alloc(HEADER)
  /** Bytes of an incomplete header. */
  #have = 0
  #content = 0
  #padding = 0
  #inside = false
  readonly #status: number

  /** `status`: what a client gets when the records are bad, 400 when they are a request, 502 when they are a response. */
  constructor(sink: RecordSink, status: 400 | 502) {
    this.#sink = sink
    this.#status = status
  }

  /** True between two records. */
  get idle(): boolean {
    return this.#have === 0 && !this.#inside
  }

  /**
   * Takes bytes that arrived.
   * @throws {PeerError} FASTCGI_VERSION for a record that is not of version 1, and what the sink throws.
   */
  read(bytes: Buffer): void {
    const size = bytes.length
    let at = 0
    while (at < size) {
      if (this.#inside) {
        at = this.#readContent(bytes, at, size)
      } else if (this.#have === 0 && size - at >= HEADER) {
        this.#open(bytes, at)
        at += HEADER
      } else {
        this.#header[this.#have++] = bytes[at++]!
        if (this.#header[0] !== 1) this.#badVersion(this.#header[0]!)
        if (this.#have === HEADER) {
          this.#have = 0
          this.#open(this.#header, 0)
        }
      }
    }
  }

  #open(header: Buffer, at: number): void {
    if (header[at] !== 1) this.#badVersion(header[at]!)
    const length = (header[at + 4]! << 8) | header[at + 5]!
    this.#sink.open(header[at + 1]!, (header[at + 2]! << 8) | header[at + 3]!, length)
    if (length === 0) this.#sink.close()
    this.#content = length
    this.#padding = header[at + 6]!
    this.#inside = length > 0 || this.#padding > 0
  }

  #readContent(bytes: Buffer, from: number, size: number): number {
    let at = from
    if (this.#content > 0) {
      const end = Math.min(size, at + this.#content)
      this.#content -= end - at
      this.#sink.content(bytes, at, end)
      at = end
      if (this.#content > 0) return at
      this.#sink.close()
    }
    const skip = Math.min(size - at, this.#padding)
    this.#padding -= skip
    this.#inside = this.#padding > 0
    return at + skip
  }

  #badVersion(version: number): never {
    const message = `a FastCGI record of version ${version}: there is only version 1`
    throw new PeerError('FASTCGI_VERSION', message, this.#status)
  }
}

/** How many bytes bring a content of `length` to a multiple of 8 (3.3: what a reader likes best). */
export function paddingOf(length: number): number {
  return -length & 7
}

/** Writes a header at `at`, and gives the offset behind it. */
export function writeHeader(out: Uint8Array, at: number, type: number, id: number, length: number): number {
  out[at] = 1
  out[at + 1] = type
  out[at + 2] = id >> 8
  out[at + 3] = id
  out[at + 4] = length >> 8
  out[at + 5] = length
  out[at + 6] = paddingOf(length)
  out[at + 7] = 0
  return at + HEADER
}

/** The bytes that a stream of `length` takes as records, without its end. */
export function recordsSize(length: number): number {
  return Math.ceil(length / CONTENT_MAX) * HEADER + length + paddingOf(length)
}

/** Writes `content` as records at `at`, and gives the offset behind them. */
export function writeRecords(out: Buffer, at: number, type: number, id: number, content: Uint8Array): number {
  let position = at
  for (let from = 0; from < content.length; from += CONTENT_MAX) {
    const length = Math.min(CONTENT_MAX, content.length - from)
    position = writeHeader(out, position, type, id, length)
    out.set(length === content.length ? content : content.subarray(from, from + length), position)
    position = pad(out, position + length, length)
  }
  return position
}

/** Writes the padding of a content of `length` at `at`, and gives the offset behind it. */
export function pad(out: Uint8Array, at: number, length: number): number {
  const padding = paddingOf(length)
  for (let index = 0; index < padding; index++) out[at + index] = 0
  return at + padding
}

/** `chunk` as records of a stream, in pieces to write in order; large chunks are not copied. None for no bytes: those would end it. */
export function streamPieces(type: number, id: number, chunk: Uint8Array): Uint8Array[] {
  const size = chunk.byteLength
  if (size === 0) return []
  if (size < COPY_BELOW) {
    const out = Buffer.allocUnsafe(recordsSize(size))
    writeRecords(out, 0, type, id, chunk)
    return [out]
  }
  const pieces: Uint8Array[] = []
  for (let from = 0; from < size; from += CONTENT_MAX) {
    const length = Math.min(CONTENT_MAX, size - from)
    const header = Buffer.allocUnsafe(HEADER)
    writeHeader(header, 0, type, id, length)
    pieces.push(header, length === size ? chunk : chunk.subarray(from, from + length))
  }
  if (size % 8 !== 0) pieces.push(ZEROS.subarray(0, paddingOf(size)))
  return pieces
}

/** An empty record: the end of a stream. */
export function endOfStream(type: number, id: number): Uint8Array {
  const out = Buffer.allocUnsafe(HEADER)
  writeHeader(out, 0, type, id, 0)
  return out
}
