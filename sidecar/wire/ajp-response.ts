// The packets of a response that are not its head (ajpv13a, "Response Packet Structure"), and what goes between requests.
import {
  CPING,
  CPONG,
  END_RESPONSE,
  FROM_HOST,
  GET_BODY_CHUNK,
  integer,
  packet,
  SEND_BODY_CHUNK,
  TO_HOST,
} from './ajp-packet.ts'

/** Header 4, type 1, length 2; and the NUL behind the bytes, without which mod_proxy_ajp refuses the packet. */
const BEFORE = 7
const AROUND = BEFORE + 1
/** Packets in one piece to write: enough to make few pieces, so few that a large chunk is not copied all at once. */
const PACKETS_A_PIECE = 16

const type = (code: number): string => String.fromCharCode(code)

/** The answer to CPING. */
export const PONG: Uint8Array = packet(TO_HOST, type(CPONG))
/** Asks whether the server is there. */
export const PING: Uint8Array = packet(FROM_HOST, type(CPING))
/** A chunk without bytes: the host passes on what it has, instead of waiting for more. */
export const FLUSH: Uint8Array = packet(TO_HOST, type(SEND_BODY_CHUNK) + integer(0) + '\0')
/** No more bytes of a request body. */
export const NO_BODY: Uint8Array = packet(FROM_HOST, '')

/** Asks for up to `size` bytes of the request body. */
export function getBodyChunk(size: number): Uint8Array {
  return packet(TO_HOST, type(GET_BODY_CHUNK) + integer(size))
}

/** The bytes that a body of `size` takes as packets. */
export function chunksSize(size: number, packetSize: number): number {
  return size + Math.ceil(size / (packetSize - AROUND)) * AROUND
}

/** Writes `chunk` as packets at `at`, and gives the offset behind them. */
export function writeChunks(out: Buffer, at: number, chunk: Uint8Array, packetSize: number): number {
  const most = packetSize - AROUND
  let position = at
  for (let from = 0; from < chunk.byteLength; from += most) {
    const size = Math.min(most, chunk.byteLength - from)
    position = out.writeUInt16BE(TO_HOST, position)
    position = out.writeUInt16BE(size + AROUND - 4, position)
    out[position++] = SEND_BODY_CHUNK
    position = out.writeUInt16BE(size, position)
    out.set(size === chunk.byteLength ? chunk : chunk.subarray(from, from + size), position)
    position += size
    out[position++] = 0
  }
  return position
}

/** `chunk` as packets and a flush, in pieces to write in order; none for no bytes. */
export function chunkPieces(chunk: Uint8Array, packetSize: number): Uint8Array[] {
  const most = (packetSize - AROUND) * PACKETS_A_PIECE
  const pieces: Uint8Array[] = []
  for (let from = 0; from < chunk.byteLength; from += most) {
    const part = chunk.subarray(from, from + most)
    const last = from + most >= chunk.byteLength
    const out = Buffer.allocUnsafe(chunksSize(part.byteLength, packetSize) + (last ? FLUSH.length : 0))
    const at = writeChunks(out, 0, part, packetSize)
    if (last) out.set(FLUSH, at)
    pieces.push(out)
  }
  return pieces
}

/** Writes END_RESPONSE at `at`: 6 bytes. */
export function writeEnd(out: Buffer, at: number, reuse: boolean): void {
  const position = out.writeUInt16BE(2, out.writeUInt16BE(TO_HOST, at))
  out[position] = END_RESPONSE
  out[position + 1] = reuse ? 1 : 0
}
