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
