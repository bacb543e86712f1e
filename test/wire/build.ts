// Bytes as a host or a server would write them, made without the codecs, so that they can be wrong in any way.

/** A FastCGI record. */
export function record(type: number, id: number, content: Uint8Array | string = '', padding = 0, version = 1): Buffer {
  const bytes = Buffer.from(content as string, 'latin1')
  const header = Buffer.from([version, type, id >> 8, id, bytes.length >> 8, bytes.length, padding, 0])
  return Buffer.concat([header, bytes, Buffer.alloc(padding, 0xee)])
}

/** BEGIN_REQUEST. */
export function begin(id: number, { role = 1, keep = true }: { role?: number; keep?: boolean } = {}): Buffer {
  return record(1, id, Buffer.from([role >> 8, role, keep ? 1 : 0, 0, 0, 0, 0, 0]))
}

/** A name-value pair; `long`: with lengths of 4 bytes even when short. */
export function pair(name: string, value: string, long = false): Buffer {
  const length = (size: number): Buffer => {
    if (size < 128 && !long) return Buffer.from([size])
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE((size | 0x80000000) >>> 0)
    return bytes
  }
  return Buffer.concat([length(name.length), length(value.length), Buffer.from(name + value, 'latin1')])
}

export function pairs(variables: Record<string, string>): Buffer {
  return Buffer.concat(Object.entries(variables).map(([name, value]) => pair(name, value)))
}

/** BEGIN_REQUEST and all of PARAMS. */
export function request(id: number, variables: Record<string, string>, options: { keep?: boolean } = {}): Buffer {
  return Buffer.concat([begin(id, options), record(4, id, pairs(variables)), record(4, id)])
}

/** END_REQUEST. */
export function end(id: number, protocolStatus = 0, appStatus = 0): Buffer {
  return record(3, id, Buffer.from([0, 0, 0, appStatus, protocolStatus, 0, 0, 0]))
}

/** A uwsgi packet. */
export function packet(variables: Record<string, string>, modifier1 = 0, modifier2 = 0): Buffer {
  const entry = (text: string): Buffer[] => {
    const size = Buffer.alloc(2)
    size.writeUInt16LE(text.length)
    return [size, Buffer.from(text, 'latin1')]
  }
  const block = Buffer.concat(Object.entries(variables).flatMap(([name, value]) => [...entry(name), ...entry(value)]))
  return Buffer.concat([Buffer.from([modifier1, block.length & 0xff, block.length >> 8, modifier2]), block])
}

/** An SCGI netstring; `length`, `comma`: to be wrong. */
export function netstring(variables: Record<string, string>, length?: string, comma = ','): Buffer {
  const block = Object.entries(variables)
    .map(([name, value]) => `${name}\0${value}\0`)
    .join('')
  return Buffer.from(`${length ?? block.length}:${block}${comma}`, 'latin1')
}

const u16 = (value: number): string => String.fromCharCode(value >> 8, value & 0xff)
const ajpText = (value: string | null): string => (value === null ? '\xff\xff' : `${u16(value.length)}${value}\0`)

/** An AJP packet with a payload of latin-1 characters; a number in the payload is a byte. */
export function ajpPacket(...payload: (string | number)[]): Buffer {
  const text = payload.map((part) => (typeof part === 'number' ? String.fromCharCode(part) : part)).join('')
  return Buffer.from(`\x12\x34${u16(text.length)}${text}`, 'latin1')
}

/** The same from a server. */
export function ajpAnswer(...payload: (string | number)[]): Buffer {
  const bytes = ajpPacket(...payload)
  bytes.write('AB')
  return bytes
}

/** An AJP packet of body bytes. */
export function ajpBody(bytes: string): Buffer {
  return ajpPacket(u16(bytes.length) + bytes)
}

/** What may be said in `forward`; attributes are their code and text (0x0A: name and value), a string is raw. */
export interface Forward {
  method?: number
  uri?: string | null
  protocol?: string | null
  serverName?: string | null
  remoteHost?: string | null
  ssl?: number
  headers?: [number | string, string | null][]
  attributes?: ([number, ...(string | null)[]] | string)[]
  end?: string
}

/** An AJP FORWARD_REQUEST. */
export function forward(request: Forward = {}): Buffer {
  const {
    method = 2,
    uri = '/',
    protocol = 'HTTP/1.1',
    serverName = 'example.com',
    remoteHost = null,
    ssl = 0,
  } = request
  const { headers = [], attributes = [], end = '\xff' } = request
  return ajpPacket(
    2,
    method,
    ...[protocol, uri, '192.0.2.7', remoteHost, serverName].map(ajpText),
    u16(80),
    ssl,
    u16(headers.length),
    ...headers.map(([name, value]) => (typeof name === 'number' ? u16(0xa000 + name) : ajpText(name)) + ajpText(value)),
    ...attributes.map((attribute) =>
      typeof attribute === 'string'
        ? attribute
        : String.fromCharCode(attribute[0]) + (attribute.slice(1) as (string | null)[]).map(ajpText).join(''),
    ),
    end,
  )
}
