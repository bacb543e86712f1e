// The PROXY protocol (proxy-protocol.txt of HAProxy, revision 2020-03-05): what a load balancer writes in front of a connection to
// say whose it is. Version 1 is a line, version 2 is binary. Keeps: the header while it is incomplete, HEADER_MAX bytes.
// Type-length-values of version 2 are skipped, their checksum too: nothing here depends on them.
import { PeerError } from '../errors.ts'
import { asBuffer, Beginning } from './bytes.ts'

/** Section 2.1: the longest line there is, with CRLF. */
const LINE_MAX = 107
/** Section 2.2: the fixed part of version 2. */
const FIXED = 16
/** Addresses and type-length-values: a sender keeps within the smallest TCP segment, 536 bytes, so that nobody sends more. */
const HEADER_MAX: number = FIXED + 536
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const WORD = Buffer.from('PROXY ')

/** Whose connection it is. */
export interface ProxiedClient {
  /** IPv4 or IPv6, as in RFC 5952. */
  readonly address: string
  readonly port: number
  /** The port that the client connected to. */
  readonly localPort: number
}

/** What a header says: `client` is undefined when the connection is the balancer's own (LOCAL, UNKNOWN, or no TCP). */
export interface ProxyHeader {
  readonly client: ProxiedClient | undefined
  /** Bytes behind the header; may be empty. */
  readonly rest: Buffer
}

/** True when a connection's first bytes are a PROXY header, or may become one. */
export function mayBeProxyHeader(bytes: Uint8Array): boolean {
  const begins = (mark: Buffer): boolean => {
    const size = Math.min(bytes.byteLength, mark.length)
    return asBuffer(bytes).compare(mark, 0, size, 0, size) === 0
  }
  return begins(SIGNATURE) || begins(WORD)
}

/** Reads one header, however it is cut. */
export class ProxyHeaderReader {
  readonly #beginning = new Beginning()

  /**
   * Takes bytes that arrived; gives the header when it is complete.
   * @throws {PeerError} PROXY_HEADER when they are none, or one that is malformed or too long.
   */
  receive(bytes: Uint8Array): ProxyHeader | undefined {
    const data = this.#beginning.join(asBuffer(bytes))
    if (!mayBeProxyHeader(data)) throw bad('the connection does not begin with one')
    const header = data[0] === SIGNATURE[0] ? readBinary(data) : readLine(data)
    if (header) this.#beginning.clear()
    else this.#beginning.keep(data)
    return header
  }
}

function bad(why: string): PeerError {
  return new PeerError('PROXY_HEADER', `bad PROXY protocol header: ${why}`)
}

function readLine(data: Buffer): ProxyHeader | undefined {
  const end = data.subarray(0, LINE_MAX).indexOf('\r\n')
  if (end < 0) {
    if (data.length >= LINE_MAX) throw bad(`no end of line in ${LINE_MAX} bytes`)
    return undefined
  }
  const rest = data.subarray(end + 2)
  const [, family, ...words] = data.toString('latin1', 0, end).split(' ')
  // What follows UNKNOWN is to be ignored.
  if (family === 'UNKNOWN') return { client: undefined, rest }
  if (words.length !== 4 || (family !== 'TCP4' && family !== 'TCP6'))
    throw bad('the line is not PROXY TCP4 or TCP6, two addresses, two ports')
  const read = family === 'TCP4' ? readIPv4 : readIPv6
  const address = read(words[0]!)
  if (address === undefined || read(words[1]!) === undefined) throw bad(`no ${family} address`)
  return { client: { address, port: readPort(words[2]!), localPort: readPort(words[3]!) }, rest }
}

function readPort(text: string): number {
  if (!/^(?:0|[1-9][0-9]{0,4})$/.test(text) || Number(text) > 0xffff) throw bad('no port')
  return Number(text)
}

function readBinary(data: Buffer): ProxyHeader | undefined {
  if (data.length < FIXED) return undefined
  const command = data[12]!
  const length = data.readUInt16BE(14)
  // Version 2, command LOCAL (0) or PROXY (1).
  if (command !== 0x20 && command !== 0x21) throw bad(`version and command ${command.toString(16)}`)
  if (FIXED + length > HEADER_MAX) throw bad(`${length} bytes long, the most are ${HEADER_MAX - FIXED}`)
  if (data.length < FIXED + length) return undefined
  const rest = data.subarray(FIXED + length)
  // 0x11 and 0x21: TCP over IPv4 and IPv6. All others say nothing that could be used here (section 2.2).
  const size = data[13] === 0x11 ? 4 : data[13] === 0x21 ? 16 : 0
  if (command === 0x20 || size === 0) return { client: undefined, rest }
  const ports = FIXED + 2 * size
  if (length < 2 * size + 4) throw bad(`${length} bytes are too few for its addresses`)
  const bytes = data.subarray(FIXED, FIXED + size)
  const address =
    size === 4 ? bytes.join('.') : formatIPv6(Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at)))
  return { client: { address, port: data.readUInt16BE(ports), localPort: data.readUInt16BE(ports + 2) }, rest }
}

function readIPv4(text: string): string | undefined {
  const parts = text.split('.')
  const right = parts.length === 4 && parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256)
  return right ? text : undefined
}

function readIPv6(text: string): string | undefined {
  const halves = text.split('::')
  if (halves.length > 2 || (halves.length === 2 && halves[0]!.includes('.'))) return undefined
  const [left, right] = halves.map((half) => (half === '' ? [] : half.split(':').flatMap(readGroup)))
  const missing = 8 - left!.length - (right?.length ?? 0)
  if (right ? missing < 1 : missing !== 0) return undefined
  const groups = [...left!, ...Array<number>(right ? missing : 0).fill(0), ...(right ?? [])]
  return groups.every((group) => group >= 0) ? formatIPv6(groups) : undefined
}

/** One group, or the two of an IPv4 address at the end; -1 for anything else. */
function readGroup(text: string, index: number, all: string[]): number[] {
  if (/^[0-9A-Fa-f]{1,4}$/.test(text)) return [Number.parseInt(text, 16)]
  const plain = index === all.length - 1 ? readIPv4(text)?.split('.').map(Number) : undefined
  return plain ? [plain[0]! * 256 + plain[1]!, plain[2]! * 256 + plain[3]!] : [-1]
}

/** As RFC 5952 has it: lower case, the longest run of two zeros or more left out; an IPv4 address in IPv6 as IPv4. */
function formatIPv6(groups: number[]): string {
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return [groups[6]! >> 8, groups[6]! & 255, groups[7]! >> 8, groups[7]! & 255].join('.')
  let best = { at: 0, size: 1 }
  for (let at = 0; at < 8; at++) {
    let size = 0
    while (groups[at + size] === 0) size++
    if (size > best.size) best = { at, size }
  }
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':')
  if (best.size < 2) return text(groups)
  return `${text(groups.slice(0, best.at))}::${text(groups.slice(best.at + best.size))}`
}
