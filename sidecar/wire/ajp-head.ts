// SEND_HEADERS (ajpv13a, "Send Headers"): the head of a response, in one packet.
import { AppError, PeerError } from '../errors.ts'
import { CODED, responseFields } from './ajp-names.ts'
import { Fields, integer, packet, SEND_HEADERS, text, TO_HOST } from './ajp-packet.ts'
import { fieldNamed } from './field-names.ts'
import { BAD_VALUE } from './field-values.ts'
import { FieldsRead, type Head, type HeaderPair, type ReadHead } from './head.ts'

/**
 * The packet for a head.
 * @throws {AppError} AJP_HEAD when it is longer than `packetSize`: the host would not take it.
 */
export function writeHead(head: Head, packetSize: number): Buffer {
  const headers = longestFirst(head.headers)
  let payload = String.fromCharCode(SEND_HEADERS) + integer(head.status) + text(head.reason) + integer(headers.length)
  for (const [name, value] of headers) {
    const code = responseFields.code(name.toLowerCase())
    payload += (code === undefined ? text(name) : integer(CODED + code)) + text(value)
  }
  if (payload.length + 4 > packetSize) {
    throw new AppError(
      'AJP_HEAD',
      `the response head takes ${payload.length} bytes; an AJP packet to this host has ${packetSize}`,
    )
  }
  return packet(TO_HOST, payload)
}

/**
 * The fields, for lighttpd: mod_ajp13 (at least up to 1.4.86) takes the length of the first name, or its code, for their number,
 * and loses those behind it. Where that is too small another one goes first: one with a code, or else the longest name.
 */
function longestFirst(headers: readonly HeaderPair[]): readonly HeaderPair[] {
  const countOf = ([name]: HeaderPair): number =>
    responseFields.code(name.toLowerCase()) === undefined ? name.length : CODED
  if (headers.length === 0 || countOf(headers[0]!) >= headers.length) return headers
  let best = 0
  for (const [index, header] of headers.entries()) if (countOf(header) > countOf(headers[best]!)) best = index
  return [headers[best]!, ...headers.slice(0, best), ...headers.slice(best + 1)]
}

/**
 * The head in a packet.
 * @throws {PeerError} AJP_PACKET when it is broken; RESPONSE_HEAD when it holds what no head may (RFC 9110 5.5).
 */
export function readSendHeaders(payload: Buffer): ReadHead {
  const fields = new Fields(payload, 1, 502)
  const status = fields.integer()
  const message = fields.text() ?? ''
  const count = fields.integer()
  const read = new FieldsRead()
  for (let index = 0; index < count; index++) {
    const name = fields.name(responseFields)
    const value = fields.text() ?? ''
    const field = fieldNamed(name)
    if (!field || BAD_VALUE.test(value)) {
      throw new PeerError(
        'RESPONSE_HEAD',
        `header ${JSON.stringify(name.slice(0, 80))} is not one that may be sent`,
        502,
      )
    }
    read.add(field, value)
  }
  if (status < 100 || status > 999 || BAD_VALUE.test(message))
    throw new PeerError('RESPONSE_HEAD', `status ${status} with reason ${JSON.stringify(message.slice(0, 80))}`, 502)
  // Tomcat says `200` for the reason of 200.
  return read.head(status, message === String(status) ? '' : message)
}
