// uwsgi (uwsgi-docs, Protocol.rst): one packet with the variables; what is behind it, and the answer, unframed.ts has.
// The packet has at most 4 + 65535 bytes.
import { PeerError } from '../errors.ts'
import type { Variables } from '../variables.ts'
import type { GatewayProtocol, Recognition } from './codec.ts'
import { statusLineHead } from './head.ts'
import { UnframedClient, UnframedServer, type PacketFormat } from './unframed.ts'
import { VARIABLES_MAX, VariableBlock } from './variable-block.ts'

const HEADER = 4
/** WSGI request; and the same with SCRIPT_NAME still to be taken off PATH_INFO. All others run or manage something. */
const REQUEST = 0
const REQUEST_WITH_PREFIX = 30

const reader = new VariableBlock()

/** Parses the variables in `block`; throws PeerError UWSGI_BLOCK when a length runs past its end. */
function parseBlock(block: Buffer, start: number, end: number, raw: boolean): Variables {
  const text = block.toString('latin1', start, end)
  const size = text.length
  const variables = reader.begin(text, raw)
  let position = 0
  let count = 0
  while (position < size) {
    if (++count > VARIABLES_MAX) throw new PeerError('UWSGI_BLOCK', `more than ${VARIABLES_MAX} uwsgi variables`, 431)
    const nameLength = position + 2 <= size ? block[start + position]! | (block[start + position + 1]! << 8) : size
    const nameStart = position + 2
    const nameEnd = nameStart + nameLength
    if (nameEnd + 2 > size) throw truncated()
    if (nameLength === 0) throw new PeerError('UWSGI_BLOCK', 'a uwsgi variable without a name')
    const valueStart = nameEnd + 2
    const valueEnd = valueStart + (block[start + nameEnd]! | (block[start + nameEnd + 1]! << 8))
    if (valueEnd > size) throw truncated()
    reader.take(nameStart, nameEnd, valueStart, valueEnd)
    position = valueEnd
  }
  return variables
}

function truncated(): PeerError {
  return new PeerError(
    'UWSGI_BLOCK',
    'a uwsgi variable runs past the end of its packet (does the host use uwsgi_string?)',
  )
}

function stripPrefix(variables: Variables): void {
  const { SCRIPT_NAME: prefix = '', PATH_INFO: path = '' } = variables
  if (path.startsWith(prefix)) variables.PATH_INFO = path.slice(prefix.length)
}

function checkModifiers(data: Buffer): void {
  const modifier1 = data[0]!
  if (modifier1 !== REQUEST && modifier1 !== REQUEST_WITH_PREFIX) {
    throw new PeerError(
      'UWSGI_MODIFIER',
      `uwsgi modifier1 ${modifier1} is refused: only 0 (a request) and 30 are served`,
      501,
    )
  }
  if (data.length >= HEADER && data[3] !== 0) {
    throw new PeerError('UWSGI_MODIFIER', `uwsgi modifier2 ${data[3]} is refused: only 0 is served`, 501)
  }
}

/** The packet for a request. */
function writePacket(variables: Variables): Uint8Array {
  const entries = Object.entries(variables)
  let size = 0
  for (const [name, value] of entries) size += 4 + name.length + value.length
  if (size > 0xffff)
    throw new PeerError('UWSGI_BLOCK', `the variables take ${size} bytes; a uwsgi packet holds 65535`, 431)
  const out = Buffer.allocUnsafe(HEADER + size)
  out[0] = REQUEST
  out.writeUInt16LE(size, 1)
  out[3] = 0
  let position = HEADER
  for (const [name, value] of entries) {
    for (const text of [name, value]) {
      position = out.writeUInt16LE(text.length, position)
      position += out.write(text, position, 'latin1')
    }
  }
  return out
}

const format: PacketFormat = {
  name: 'uwsgi',
  code: 'UWSGI_BLOCK',
  size(data) {
    if (data.length > 0) checkModifiers(data)
    return data.length < HEADER ? Infinity : HEADER + data.readUInt16LE(1)
  },
  read(data, size, raw) {
    if (size === HEADER) throw new PeerError('UWSGI_BLOCK', 'an empty uwsgi packet')
    const variables = parseBlock(data, HEADER, size, raw)
    if (data[0] === REQUEST_WITH_PREFIX) stripPrefix(variables)
    return variables
  },
  write: writePacket,
  head: statusLineHead,
}

function recognise(bytes: Uint8Array): Recognition {
  if (bytes.byteLength === 0) return 'more'
  return bytes[0] === REQUEST || bytes[0] === REQUEST_WITH_PREFIX ? 'yes' : 'no'
}

/** The uwsgi protocol. */
export const uwsgi: GatewayProtocol = {
  name: 'uwsgi',
  gateway: true,
  carries: 'variables',
  framed: false,
  secret: false,
  scripts: false,
  words: { host: 'nginx', own: 'uwsgi_pass', http: 'proxy_pass' },
  recognise,
  server: (options) => new UnframedServer(format, options),
  client: () => new UnframedClient(format),
}
