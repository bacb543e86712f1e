// How a FastCGI server answers: STDOUT and END_REQUEST (FastCGI 1.0, 5.3, 5.5).
import { statusFieldHead, type Head } from './head.ts'
import * as records from './records.ts'
import { CONTENT_MAX, HEADER } from './records.ts'

/** The length of an END_REQUEST record. */
export const END_SIZE: number = HEADER + 8

function writeEnd(out: Uint8Array, at: number, id: number, status: number): void {
  const body = records.writeHeader(out, at, records.END_REQUEST, id, 8)
  out.fill(0, body, body + 8)
  out[body + 4] = status
}

/** END_REQUEST with a protocol status. */
export function endRequest(id: number, status: number): Uint8Array {
  const out = Buffer.allocUnsafe(END_SIZE)
  writeEnd(out, 0, id, status)
  return out
}

/** Writes an empty STDOUT and END_REQUEST. */
export function writeFinish(out: Uint8Array, at: number, id: number): void {
  writeEnd(out, records.writeHeader(out, at, records.STDOUT, id, 0), id, records.COMPLETE)
}

/** The head and the first bytes of the body: in one record where they fit, as PHP-FPM does, and in one buffer always. */
export function responseStart(id: number, head: Head, chunk: Uint8Array, last: boolean): Uint8Array {
  const text = statusFieldHead(head)
  const size = text.length + chunk.byteLength
  const together = size <= CONTENT_MAX
  const recordsSize = together
    ? records.recordsSize(size)
    : records.recordsSize(text.length) + records.recordsSize(chunk.length)
  const out = Buffer.allocUnsafe(recordsSize + (last ? HEADER + END_SIZE : 0))
  if (together) {
    const at = records.writeHeader(out, 0, records.STDOUT, id, size)
    out.write(text, at, 'latin1')
    out.set(chunk, at + text.length)
    records.pad(out, at + size, size)
  } else {
    const at = records.writeRecords(out, 0, records.STDOUT, id, Buffer.from(text, 'latin1'))
    records.writeRecords(out, at, records.STDOUT, id, chunk)
  }
  if (last) writeFinish(out, recordsSize, id)
  return out
}
