// The head of a response as a frame carries it: its length in 4 bytes, then latin-1 text, status, reason, and names and values in turn, with a
// NUL behind each. Whoever sends one has checked it (head.ts): no part has a NUL in it.
import { fieldName } from './field-names.ts'
import { FieldsRead, type Head, type ReadHead } from './head.ts'

/** Bytes ahead of the text. */
export const HEAD_LENGTH = 4

/** The text of a head. */
export function writeFramedHead({ status, reason, headers }: Head): string {
  let text = `${status}\0${reason}\0`
  for (const [name, value] of headers) text += `${name}\0${value}\0`
  return text
}

/** Where the payload goes on behind the head. */
export function framedHeadEnd(payload: Buffer): number {
  return HEAD_LENGTH + payload.readUInt32BE(0)
}

/** The head that a payload begins with. */
export function readFramedHead(payload: Buffer): ReadHead {
  const parts = payload.toString('latin1', HEAD_LENGTH, framedHeadEnd(payload)).split('\0')
  const fields = new FieldsRead()
  for (let index = 2; index + 1 < parts.length; index += 2) fields.add(fieldName(parts[index]!), parts[index + 1]!)
  return fields.head(Number(parts[0]), parts[1]!)
}
