// The names of header fields. Apps and servers send the same dozen for ever.
import { AppError } from '../errors.ts'
import { TOKEN } from '../token.ts'
import { ownString } from './own-string.ts'

/** Fields that belong to one connection (RFC 9110 7.6.1, PEP 3333 "Other HTTP Features"): those of an app are left out. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'trailers',
  'transfer-encoding',
  'upgrade',
])

/** A field name that was seen before, and what is known of it. */
export interface FieldName {
  readonly name: string
  readonly lower: string
  /** It belongs to one connection. */
  readonly hop: boolean
  /** The one that followed it in the head that was read last (head-reader.ts). */
  next: FieldName | undefined
}

// Bounded.
const knownNames = new Map<string, FieldName>()
const KNOWN_NAMES_MAX = 1024

/** What is known of a field name; undefined when it is no token (RFC 9110 5.6.2). */
export function fieldNamed(name: string): FieldName | undefined {
  let known = knownNames.get(name)
  if (known === undefined) {
    if (!TOKEN.test(name)) return undefined
    const lower = name.toLowerCase()
    const kept = knownNames.size < KNOWN_NAMES_MAX
    known = { name: kept ? ownString(name) : name, lower, hop: HOP_BY_HOP.has(lower), next: undefined }
    if (kept) knownNames.set(known.name, known)
  }
  return known
}

/** What is known of a field name. @throws {AppError} HEADER_NAME when it is no token. */
export function fieldName(name: string): FieldName {
  const found = fieldNamed(name)
  if (!found) throw new AppError('HEADER_NAME', `header name ${JSON.stringify(name)} is not a token (RFC 9110 5.6.2)`)
  return found
}

/** Before the first field of a head. */
export const FIRST: FieldName = { name: '', lower: '', hop: false, next: undefined }

/**
 * The field whose line is `text` from `start` to `stop`; `previous` came before it. Undefined when the line does not begin with a token and
 * a colon (RFC 9112 5).
 */
export function fieldAt(text: string, start: number, stop: number, previous: FieldName): FieldName | undefined {
  const guess = previous.next
  if (guess && text.charCodeAt(start + guess.name.length) === 58 && text.startsWith(guess.name, start)) return guess
  const colon = text.indexOf(':', start)
  const field = colon > start && colon < stop ? fieldNamed(text.slice(start, colon)) : undefined
  if (field) previous.next = field
  return field
}
