// uwsgi (uwsgi-docs, Protocol.rst): one packet with the variables, the body raw behind it, the answer an HTTP response without
// framing of its own, then the connection closes. No host reuses a uwsgi connection, and bytes behind the declared body are
// never a next request: they are dropped (uWSGI's persistent variant parsed them, and could be made to run code by it).
// Keeps: the packet while it is incomplete, at most 4 + 65535 bytes.
import { PeerError } from '../errors.ts'
import { addVariable, contentLength, emptyVariables, type Variables } from '../variables.ts'
import type { ClientCodec, ClientEvent, Protocol, Recognition, ServerCodec, ServerEvent } from './codec.ts'
import { HeadReader, isBodiless, statusLineHead, type Head } from './head.ts'
import { firstKey, keyOf, nextBlock } from './keys.ts'

const HEADER = 4
/** More variables than any host sends (its limits on header fields are 100 to 1000), few enough to cost nothing. */
const VARIABLES_MAX = 1024
/** WSGI request; and the same with SCRIPT_NAME still to be taken off PATH_INFO. All others run or manage something. */
const REQUEST = 0
const REQUEST_WITH_PREFIX = 30

const first = firstKey()

function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Parses the variables in `block`; throws PeerError UWSGI_BLOCK when a length runs past its end. */
function parseBlock(block: Buffer, start: number, end: number): Variables {
  const text = block.toString('latin1', start, end)
  const size = text.length
  const variables = emptyVariables()
  const blockNumber = nextBlock()
  let previous = first
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
    let key = previous.next
    if (key === undefined || key.name.length !== nameLength || !text.startsWith(key.name, nameStart)) {
      key = keyOf(text.substring(nameStart, nameEnd))
      previous.next = key
    }
    previous = key
    position = valueEnd
    if (key.dropped) continue
    if (key.seen === blockNumber) addVariable(variables, key.name, text.substring(valueStart, valueEnd))
    else variables[key.name] = text.substring(valueStart, valueEnd)
    key.seen = blockNumber
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

class UwsgiServer implements ServerCodec {
  #pending: Buffer | undefined
  /** What `#pending` is the beginning of. */
  #store: Buffer | undefined
  #state: 'head' | 'body' | 'done' | 'dead' = 'head'
  #left = 0

  receive(bytes: Uint8Array): ServerEvent[] {
    if (this.#state === 'dead') throw new PeerError('CODEC_DEAD', 'this connection has broken the protocol before')
    try {
      return this.#state === 'head' ? this.#head(asBuffer(bytes)) : this.#body(bytes, [])
    } catch (error) {
      this.#state = 'dead'
      this.#pending = undefined
      throw error
    }
  }

  receiveEnd(): void {
    const state = this.#state
    if (state === 'done' || (state === 'head' && !this.#pending)) return
    this.#state = 'dead'
    if (state === 'body')
      throw new PeerError('BODY_CUT', `the connection ended ${this.#left} bytes before the end of the request body`)
    throw new PeerError('UWSGI_BLOCK', 'the connection ended inside a uwsgi packet')
  }

  start(_id: number, head: Head, chunk: Uint8Array | undefined): Uint8Array {
    const text = statusLineHead(head)
    const out = Buffer.allocUnsafe(text.length + (chunk?.byteLength ?? 0))
    out.write(text, 0, 'latin1')
    if (chunk) out.set(chunk, text.length)
    return out
  }

  data(_id: number, chunk: Uint8Array): Uint8Array[] {
    return [chunk]
  }

  finish(): undefined {}

  demand(): undefined {}

  keepsOpen(): boolean {
    return false
  }

  refuse(head: Head, chunk: Uint8Array): Uint8Array {
    return this.start(0, head, chunk)
  }

  #head(bytes: Buffer): ServerEvent[] {
    const data = this.#pending ? this.#join(this.#pending, bytes) : bytes
    if (data.length > 0) checkModifiers(data)
    const end = data.length < HEADER ? Infinity : HEADER + data.readUInt16LE(1)
    if (data.length < end) {
      // Copied: the caller may use its buffer again.
      this.#pending = data === bytes ? this.#join(data.subarray(0, 0), data) : data
      return []
    }
    this.#pending = undefined
    this.#store = undefined
    if (end === HEADER) throw new PeerError('UWSGI_BLOCK', 'an empty uwsgi packet')
    const variables = parseBlock(data, HEADER, end)
    if (data[0] === REQUEST_WITH_PREFIX) stripPrefix(variables)
    const length = contentLength(variables) ?? 0
    const events: ServerEvent[] = [{ type: 'request', id: 0, variables, length }]
    this.#left = length
    this.#state = 'body'
    return this.#body(data.length > end ? data.subarray(end) : undefined, events)
  }

  /** `pending` with `bytes` behind it, in a buffer that doubles: copying all for every piece would take seconds for a trickle. */
  #join(pending: Buffer, bytes: Buffer): Buffer {
    const size = pending.length + bytes.length
    if (this.#store === undefined || this.#store.length < size) {
      this.#store = Buffer.allocUnsafeSlow(2 * size)
      pending.copy(this.#store)
    }
    bytes.copy(this.#store, pending.length)
    return this.#store.subarray(0, size)
  }

  #body(bytes: Uint8Array | undefined, events: ServerEvent[]): ServerEvent[] {
    if (this.#state === 'done') return events
    if (bytes && this.#left > 0) {
      const part = bytes.byteLength > this.#left ? bytes.subarray(0, this.#left) : bytes
      this.#left -= part.byteLength
      events.push({ type: 'body', id: 0, bytes: part })
    }
    if (this.#left === 0) {
      this.#state = 'done'
      events.push({ type: 'end', id: 0 })
    }
    return events
  }
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

class UwsgiClient implements ClientCodec {
  #reader = new HeadReader()
  #headDone = false
  #left: number | undefined
  #headRequest = false
  #ended = false
  #dead = false

  request(variables: Variables): Uint8Array {
    this.#headRequest = variables.REQUEST_METHOD === 'HEAD'
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

  data(chunk: Uint8Array): Uint8Array[] {
    return [chunk]
  }

  finish(): undefined {}

  receive(bytes: Uint8Array): ClientEvent[] {
    if (this.#dead) throw new PeerError('CODEC_DEAD', 'this connection has broken the protocol before', 502)
    const events: ClientEvent[] = []
    let rest: Uint8Array | undefined = bytes
    if (!this.#headDone) {
      // Taken back only when this does not throw.
      this.#dead = true
      const head = this.#reader.push(bytes)
      this.#dead = false
      if (!head) return events
      rest = this.#reader.rest
      this.#headDone = true
      this.#left = this.#bodyLength(head)
      events.push({ type: 'head', head })
    }
    this.#body(rest, events)
    return events
  }

  receiveEnd(): ClientEvent[] {
    if (this.#ended) return []
    if (!this.#headDone)
      throw new PeerError('RESPONSE_CUT', 'the server closed the connection before a complete response head', 502)
    if (this.#left)
      throw new PeerError('RESPONSE_CUT', `the server closed ${this.#left} bytes before the end of its response`, 502)
    this.#ended = true
    return [{ type: 'end', reuse: false }]
  }

  #bodyLength(head: Head): number | undefined {
    if (this.#headRequest || isBodiless(head.status)) return 0
    const field = head.headers.find(([name]) => name.toLowerCase() === 'content-length')
    return field && /^[0-9]{1,15}$/.test(field[1]) ? Number(field[1]) : undefined
  }

  #body(bytes: Uint8Array | undefined, events: ClientEvent[]): void {
    if (this.#ended) return
    if (bytes && bytes.byteLength > 0 && this.#left !== 0) {
      const part = this.#left !== undefined && bytes.byteLength > this.#left ? bytes.subarray(0, this.#left) : bytes
      if (this.#left !== undefined) this.#left -= part.byteLength
      events.push({ type: 'body', bytes: part })
    }
    if (this.#left === 0) {
      this.#ended = true
      events.push({ type: 'end', reuse: false })
    }
  }
}

function recognise(bytes: Uint8Array): Recognition {
  if (bytes.byteLength === 0) return 'more'
  return bytes[0] === REQUEST || bytes[0] === REQUEST_WITH_PREFIX ? 'yes' : 'no'
}

/** The uwsgi protocol. */
export const uwsgi: Protocol = {
  name: 'uwsgi',
  recognise,
  server: () => new UwsgiServer(),
  client: () => new UwsgiClient(),
}
