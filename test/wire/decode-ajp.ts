// A decoder for AJP that shares nothing with the codec: straight from ajpv13a, for complete input only.
import { pathOf, type Decoded, type Pair } from './decode.ts'

const METHODS =
  'OPTIONS GET HEAD POST PUT DELETE TRACE PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK ACL REPORT VERSION-CONTROL CHECKIN CHECKOUT UNCHECKOUT SEARCH MKWORKSPACE UPDATE LABEL MERGE BASELINE-CONTROL MKACTIVITY'.split(
    ' ',
  )
const FIELDS =
  'ACCEPT ACCEPT_CHARSET ACCEPT_ENCODING ACCEPT_LANGUAGE AUTHORIZATION CONNECTION CONTENT_TYPE CONTENT_LENGTH COOKIE COOKIE2 HOST PRAGMA REFERER USER_AGENT'.split(
    ' ',
  )
const ATTRIBUTES: Record<number, string> = {
  3: 'REMOTE_USER',
  4: 'AUTH_TYPE',
  5: 'QUERY_STRING',
  7: 'SSL_CLIENT_CERT',
  8: 'SSL_CIPHER',
  9: 'SSL_SESSION_ID',
  13: 'REQUEST_METHOD',
}
const NAMED: Record<string, string> = {
  AJP_REMOTE_PORT: 'REMOTE_PORT',
  AJP_LOCAL_ADDR: 'SERVER_ADDR',
  AJP_SSL_PROTOCOL: 'SSL_PROTOCOL',
  JK_LB_ACTIVATION: 'JK_LB_ACTIVATION',
}

/** The packets of one direction, without their headers. */
export function decodePackets(bytes: Buffer): { payload: Buffer; end: number }[] {
  const packets = []
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + bytes.readUInt16BE(at + 2)
    if (end > bytes.length) throw new Error('cut')
    packets.push({ payload: bytes.subarray(at + 4, end), end })
    at = end
  }
  return packets
}

/** The requests of an AJP connection. `end` is that of the last packet that is the request's own. */
export function decodeAjp(bytes: Buffer): Decoded[] {
  const requests: Decoded[] = []
  let left: number | undefined
  let open = false
  let bare = false
  for (const { payload, end } of decodePackets(bytes)) {
    const last = requests.at(-1)
    if (open && last) {
      const empty = payload.length === 0 || payload.equals(Buffer.alloc(2))
      // lighttpd does without the inner length.
      bare ||= !empty && payload.readUInt16BE(0) !== payload.length - 2
      last.body = Buffer.concat([last.body, bare ? payload : payload.subarray(2)])
      last.end = end
      open = !empty && last.body.length !== left
    } else if (payload[0] === 2) {
      const pairs = decodeForward(payload)
      const length = pairs.find(([name]) => name === 'CONTENT_LENGTH')?.[1]
      const chunked = pairs.some(([name]) => name === 'HTTP_TRANSFER_ENCODING')
      left = length === undefined ? undefined : Number(length)
      open = chunked || (left ?? 0) > 0
      requests.push({ id: requests.length + 1, keep: true, role: 1, pairs, body: Buffer.alloc(0), end })
    }
  }
  return requests
}

function decodeForward(payload: Buffer): Pair[] {
  let at = 2
  const byte = (): number => payload[at++]!
  const number = (): number => byte() * 256 + byte()
  const sized = (length: number): string | null => {
    if (length === 0xffff) return null
    at += length + 1
    if (payload[at - 1] !== 0) throw new Error('no NUL')
    return payload.toString('latin1', at - 1 - length, at - 1)
  }
  const text = (): string | null => sized(number())
  const [protocol, uri, address] = [text()!, text()!, text()!]
  const host = text()
  const name = text()
  const pairs: Pair[] = [
    ['REQUEST_METHOD', METHODS[payload[1]! - 1] ?? ''],
    ['SCRIPT_NAME', ''],
    ['PATH_INFO', pathOf(uri)],
    ['QUERY_STRING', ''],
    ['REQUEST_URI', uri],
    ['SERVER_PROTOCOL', protocol],
    ['SERVER_NAME', name ?? 'localhost'],
    ['SERVER_PORT', String(number())],
    ['REMOTE_ADDR', address],
  ]
  if (host !== null) pairs.push(['REMOTE_HOST', host])
  if (byte() === 1) pairs.push(['HTTPS', 'on'])
  for (let count = number(); count > 0; count--) {
    const code = number()
    const coded = code >> 8 === 0xa0
    const spelled = coded ? FIELDS[(code & 0xff) - 1]! : sized(code)!
    const field = spelled.toUpperCase().replaceAll('-', '_')
    const value = text()!
    if (coded || !/[_.]/.test(spelled))
      pairs.push([/^CONTENT_(TYPE|LENGTH)$/.test(field) && coded ? field : `HTTP_${field}`, value])
  }
  for (let code = byte(); code !== 0xff; code = byte()) {
    if (code === 11) pairs.push(['SSL_CIPHER_USEKEYSIZE', String(number())])
    else if (code === 10) {
      const known = NAMED[text()!]
      const value = text()!
      if (known) pairs.push([known, value])
    } else {
      const value = text()!
      const name = ATTRIBUTES[code]
      if (name) pairs.push([name, value])
      if (code === 5) pairs.push(['REQUEST_URI', `${uri}?${value}`])
    }
  }
  if (at !== payload.length) throw new Error('bytes behind the end')
  return pairs
}
