// SCGI (protocol.txt of 2008-06-23): a netstring of names and values, each ended by a NUL; what is behind it, and the answer,
// unframed.ts has. The specification wants CONTENT_LENGTH first and SCGI=1 there; hosts send them anywhere, nginx without its
// scgi_params no SCGI at all, and so nothing depends on them: a request without CONTENT_LENGTH has no body.
import { PeerError } from '../errors.ts'
import { emptyVariables, type Variables } from '../variables.ts'
import type { GatewayProtocol, Recognition } from './codec.ts'
import { statusFieldHead } from './head.ts'
import { firstKey, isLeftOut, keyOf, nextBlock, put } from './keys.ts'
import { UnframedClient, UnframedServer, type PacketFormat } from './unframed.ts'
import { VARIABLES_MAX } from './variable-block.ts'

/** Four times what uwsgi and nginx's default buffers hold (64 KB), so that it stops no real request, and a flood early. */
const BLOCK_MAX = 256 * 1024
/** Digits that are looked at; a block that is accepted has a length of at most six. */
const DIGITS_MAX = 10

const ZERO = 48
const NINE = 57
const COLON = 58
const COMMA = 44

const first = firstKey()

/** Where the digits at the beginning end: at most behind the tenth. */
function digitsEnd(data: Uint8Array): number {
  let at = 0
  while (at < data.length && at < DIGITS_MAX && data[at]! >= ZERO && data[at]! <= NINE) at++
  return at
}

/** Where the block begins, or 0 while its length is not complete. */
function blockStart(data: Buffer): number {
  const end = digitsEnd(data)
  // A leading zero is no netstring; and an empty block is no request.
  if (data[0] === ZERO) throw bad('its length begins with 0')
  if (end === data.length) return 0
  if (end === 0 || data[end] !== COLON) throw bad('it does not begin with a length and a colon')
  return end + 1
}

function bad(why: string): PeerError {
  return new PeerError('SCGI_BLOCK', `the SCGI netstring is broken: ${why}`)
}

function packetSize(data: Buffer): number {
  const start = blockStart(data)
  if (start === 0) return Infinity
  const length = Number(data.toString('latin1', 0, start - 1))
  if (length > BLOCK_MAX)
    throw new PeerError('SCGI_BLOCK', `the variables take ${length} bytes, more than ${BLOCK_MAX}`, 431)
  const size = start + length + 1
  if (data.length >= size && data[size - 1] !== COMMA) throw bad('no comma behind it')
  return size
}

/** Parses the variables of a complete packet. */
function readPacket(data: Buffer, size: number, raw: boolean): Variables {
  const text = data.toString('latin1', blockStart(data), size - 1)
  const variables = emptyVariables()
  const block = nextBlock()
  let previous = first
  let count = 0
  let at = 0
  while (at < text.length) {
    if (++count > VARIABLES_MAX) throw new PeerError('SCGI_BLOCK', `more than ${VARIABLES_MAX} variables`, 431)
    let key = previous.next
    if (key === undefined || text.charCodeAt(at + key.name.length) !== 0 || !text.startsWith(key.name, at)) {
      const end = text.indexOf('\0', at)
      if (end < 0) throw bad('a name without an end')
      if (end === at) throw bad('a variable without a name')
      key = keyOf(text.substring(at, end), raw)
      if (!raw) previous.next = key
    }
    previous = key
    const start = at + key.name.length + 1
    const end = text.indexOf('\0', start)
    if (end < 0) throw bad(`${key.name} without a value`)
    at = end + 1
    if (isLeftOut(key, end - start, raw)) continue
    put(variables, key, block, text.substring(start, end))
  }
  return variables
}

/**
 * The packet for a request.
 * @throws {PeerError} LENGTH_REQUIRED when the length of the body is not known: SCGI has no other mark for its end; SCGI_NUL when
 * a name or value holds what ends one; SCGI_BLOCK when it is longer than a server here would take.
 */
function writePacket(variables: Variables, length: number | undefined): Uint8Array {
  if (length === undefined) throw new PeerError('LENGTH_REQUIRED', 'SCGI needs the length of a body before it', 411)
  let text = `CONTENT_LENGTH\0${length}\0SCGI\x001\0`
  for (const name in variables) {
    if (name === 'CONTENT_LENGTH' || name === 'SCGI') continue
    const value = variables[name]!
    if (value.includes('\0') || name.includes('\0') || name === '')
      throw new PeerError('SCGI_NUL', `SCGI cannot carry the variable ${JSON.stringify(name)}: it holds a NUL`)
    text += `${name}\0${value}\0`
  }
  if (text.length > BLOCK_MAX)
    throw new PeerError('SCGI_BLOCK', `the variables take ${text.length} bytes, more than ${BLOCK_MAX}`, 431)
  return Buffer.from(`${text.length}:${text},`, 'latin1')
}

const format: PacketFormat = {
  name: 'SCGI',
  code: 'SCGI_BLOCK',
  size: packetSize,
  read: readPacket,
  write: writePacket,
  // Apache answers 500 to a status line here.
  head: statusFieldHead,
}

// No HTTP method has a colon in it (RFC 9110 5.6.2), so what begins with digits is SCGI or not by the byte behind them.
function recognise(bytes: Uint8Array): Recognition {
  if (bytes.byteLength === 0) return 'more'
  const end = digitsEnd(bytes)
  if (end === 0 || bytes[0] === ZERO) return 'no'
  if (end === bytes.byteLength) return 'more'
  return bytes[end] === COLON ? 'yes' : 'no'
}

/** The SCGI protocol. */
export const scgi: GatewayProtocol = {
  name: 'scgi',
  gateway: true,
  carries: 'variables',
  framed: false,
  secret: false,
  scripts: false,
  words: { host: 'nginx', own: 'scgi_pass', http: 'proxy_pass' },
  recognise,
  server: (options) => new UnframedServer(format, options),
  client: () => new UnframedClient(format),
}
