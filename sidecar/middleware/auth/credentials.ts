// Name and password of a request (RFC 7617): Authorization with the scheme Basic.
import { isUtf8 } from 'node:buffer'

/** What a client sent. */
export interface Credentials {
  /** Latin-1, each character a byte of UTF-8, as REMOTE_USER is. */
  readonly user: string
  /** UTF-8. */
  readonly password: Buffer
}

/** Bytes; longer ones are nobody's, and cost time. */
const PASSWORD_MAX = 1024
const FIELD_MAX = 8192

/** @returns undefined for what is none, or none that can be right */
export function credentialsOf(field: string): Credentials | undefined {
  if (field.length > FIELD_MAX) return undefined
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(field)?.[1]
  if (encoded === undefined) return undefined
  const pair = Buffer.from(encoded, 'base64')
  const colon = pair.indexOf(':')
  // RFC 7617 2: neither has control characters in it.
  if (colon <= 0 || !isUtf8(pair) || pair.some((byte) => byte < 0x20 || byte === 0x7f)) return undefined
  const password = pair.subarray(colon + 1)
  if (password.byteLength > PASSWORD_MAX) return undefined
  return { user: pair.toString('latin1', 0, colon), password }
}

/** WWW-Authenticate (RFC 7617 2 and 2.1). */
export function challenge(realm: string): readonly [string, string] {
  return ['WWW-Authenticate', `Basic realm="${realm.replaceAll(/["\\]/g, '\\$&')}", charset="UTF-8"`]
}
