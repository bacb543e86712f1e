// Decoders that share nothing with the codecs: straight from the specifications, for complete input only.

export type Pair = [name: string, value: string]

/** A request as found on the wire. */
export interface Decoded {
  id: number
  keep: boolean
  role: number
  pairs: Pair[]
  body: Buffer
  /** Where in the input the request ends. */
  end: number
}

/** FastCGI 1.0 section 3.4. */
export function decodePairs(block: Buffer): Pair[] {
  const pairs: Pair[] = []
  let at = 0
  const length = (): number => {
    if (block[at]! < 128) return block[at++]!
    at += 4
    return block.readUInt32BE(at - 4) - 0x80000000
  }
  while (at < block.length) {
    const name = length()
    const value = length()
    pairs.push([block.toString('latin1', at, at + name), block.toString('latin1', at + name, at + name + value)])
    at += name + value
  }
  return pairs
}

/** FastCGI 1.0 section 3.3: the records of a connection. */
export function decodeRecords(
  bytes: Buffer,
): { type: number; id: number; content: Buffer; padding: number; end: number }[] {
  const records = []
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] !== 1) throw new Error(`version ${bytes[at]}`)
    const length = bytes.readUInt16BE(at + 4)
    const padding = bytes[at + 6]!
    const end = at + 8 + length + padding
    if (end > bytes.length) throw new Error('cut')
    const content = bytes.subarray(at + 8, at + 8 + length)
    records.push({ type: bytes[at + 1]!, id: bytes.readUInt16BE(at + 2), content, padding, end })
    at = end
  }
  return records
}

/** The requests of a FastCGI connection, in the order in which they end. A last empty STDIN is the end of one. */
export function decodeFastcgi(bytes: Buffer): Decoded[] {
  const requests: Decoded[] = []
  const open = new Map<
    number,
    { role: number; keep: boolean; params: Buffer[]; stdin: Buffer[]; ended: Decoded | undefined }
  >()
  for (const { type, id, content, end } of decodeRecords(bytes)) {
    if (type === 1) {
      const [role, keep] = [content.readUInt16BE(0), (content[2]! & 1) === 1]
      open.set(id, { role, keep, params: [], stdin: [], ended: undefined })
    }
    const request = open.get(id)
    if (!request) continue
    if (type === 4) request.params.push(content)
    if (type !== 5) continue
    request.stdin.push(content)
    if (content.length > 0) continue
    const { role, keep } = request
    const found: Decoded = {
      id,
      role,
      keep,
      end,
      pairs: decodePairs(Buffer.concat(request.params)),
      body: Buffer.concat(request.stdin),
    }
    if (request.ended) Object.assign(request.ended, found)
    else requests.push((request.ended = found))
  }
  return requests
}

/** The request of a uwsgi connection (uwsgi-docs, Protocol.rst); the body is all that follows the variables. */
export function decodeUwsgi(bytes: Buffer): Decoded[] {
  const size = bytes.readUInt16LE(1)
  const pairs: Pair[] = []
  let at = 4
  const text = (): string => {
    const length = bytes.readUInt16LE(at)
    at += 2 + length
    return bytes.toString('latin1', at - length, at)
  }
  while (at < 4 + size) pairs.push([text(), text()])
  return [{ id: 0, keep: false, role: 1, pairs, body: bytes.subarray(at), end: bytes.length }]
}

/** The request of an SCGI connection (protocol.txt); the body is all that follows the netstring. */
export function decodeScgi(bytes: Buffer): Decoded[] {
  const colon = bytes.indexOf(':')
  const end = colon + 1 + Number(bytes.toString('latin1', 0, colon))
  if (bytes.toString('latin1', end, end + 1) !== ',') throw new Error('no comma')
  const strings = bytes.toString('latin1', colon + 1, end).split('\0')
  if (strings.pop() !== '' || strings.length % 2 !== 0) throw new Error('cut')
  const pairs: Pair[] = []
  for (let at = 0; at < strings.length; at += 2) pairs.push([strings[at]!, strings[at + 1]!])
  return [{ id: 0, keep: false, role: 1, pairs, body: bytes.subarray(end + 1), end: bytes.length }]
}

// Of these the last counts.
const ONE_VALUE = /^HTTP_(?:HOST|AUTHORIZATION|USER_AGENT|REFERER|RANGE|IF_RANGE|IF_(?:UN)?MODIFIED_SINCE|ORIGIN)$/

/** The pairs as the variables of a request: repeats joined, and without what no app may see. */
export function variablesOf(pairs: Pair[]): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const [name, value] of pairs) {
    if (/^HTTP_(?:PROXY|CONTENT_TYPE|CONTENT_LENGTH)$|^UWSGI_/.test(name)) continue
    if ((name === 'CONTENT_LENGTH' || name === 'CONTENT_TYPE') && value === '') continue
    const repeated = name.startsWith('HTTP_') && !ONE_VALUE.test(name) && name in variables
    const glue = name === 'HTTP_COOKIE' ? '; ' : ', '
    variables[name] = repeated ? variables[name] + glue + value : value
  }
  return variables
}

/** Without scheme and authority, percent-decoded, dots resolved (RFC 3986 5.2.4). */
export function pathOf(uri: string): string {
  const raw = uri.replace(/^http:\/\/[^/]*/, '').replace(/[?#].*/, '')
  if (raw === '*') return ''
  const decoded = raw.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  const segments: string[] = []
  const all = decoded.split('/').slice(1)
  for (const [index, segment] of all.entries()) {
    if (segment === '..') segments.pop()
    if (segment === '.' || segment === '..') {
      if (index === all.length - 1) segments.push('')
    } else segments.push(segment)
  }
  return `/${segments.join('/')}`
}
