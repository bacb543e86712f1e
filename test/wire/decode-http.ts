// A decoder for HTTP/1.1 that shares nothing with the codec: straight from RFC 9112, for complete and correct input only.
import type { Peer } from '../../sidecar/wire/codec.ts'
import { pathOf, type Decoded, type Pair } from './decode.ts'

/** Whose connection it is. */
export const PEER: Peer = { address: '192.0.2.7', port: 4711, localPort: 8000 }

/** The requests of an HTTP connection. */
export function decodeHttp(bytes: Buffer): Decoded[] {
  const text = bytes.toString('latin1')
  const requests: Decoded[] = []
  for (let at = 0; at < text.length;) {
    const head = text.indexOf('\r\n\r\n', at)
    if (head < 0) throw new Error('cut')
    const [line, ...lines] = text.slice(at, head).split('\r\n')
    const [method, target, version] = line!.split(' ') as [string, string, string]
    const fields = lines.map((field): Pair => /^([^: ]+):[ \t]*(.*?)[ \t]*$/.exec(field)!.slice(1) as Pair)
    const value = (wanted: string): string | undefined =>
      fields.find(([name]) => name.toLowerCase() === wanted)?.[1].toLowerCase()
    const { body, end } = bodyAt(text, head + 4, value('content-length'), value('transfer-encoding'))
    const connection = value('connection') ?? ''
    const keep = version === 'HTTP/1.1' ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection)
    const pairs = [
      ...lineVariables(method, target, version),
      ...serverVariables(value('host')),
      ...fields.filter(isTaken).map(asPair),
    ]
    requests.push({ id: requests.length + 1, keep, role: 1, pairs, body: Buffer.from(body, 'latin1'), end })
    at = end
  }
  return requests
}

/** What has `_` or `.` in its name is left out. */
function isTaken([name]: Pair): boolean {
  return !/[_.]/.test(name)
}

/** RFC 9112 6.3. */
function bodyAt(text: string, from: number, length = '0', coding: string | undefined): { body: string; end: number } {
  const end = from + Number(length)
  if (coding === undefined) return { body: text.slice(from, end), end }
  let body = ''
  for (let at = from; ;) {
    const line = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, line), 16)
    at = line + 2 + size
    if (size === 0) {
      // The trailer, or none.
      const last = text.indexOf('\r\n\r\n', line)
      return { body, end: last + 4 }
    }
    body += text.slice(line + 2, at)
    at += 2
  }
}

/** RFC 3875 4.1. */
function lineVariables(method: string, target: string, version: string): Pair[] {
  return [
    ['REQUEST_METHOD', method],
    ['SCRIPT_NAME', ''],
    ['PATH_INFO', pathOf(target)],
    ['QUERY_STRING', /\?([^#]*)/.exec(target)?.[1] ?? ''],
    ['REQUEST_URI', target],
    ['SERVER_PROTOCOL', version],
    ['REMOTE_ADDR', PEER.address],
    ['REMOTE_PORT', String(PEER.port)],
  ]
}

function serverVariables(host = 'localhost'): Pair[] {
  const [name, port = String(PEER.localPort)] = host.split(':') as [string, string?]
  return [
    ['SERVER_NAME', name],
    ['SERVER_PORT', port],
  ]
}

function asPair([field, value]: Pair): Pair {
  const name = field.toUpperCase().replaceAll('-', '_')
  return [/^content-(?:type|length)$/i.test(field) ? name : `HTTP_${name}`, value]
}
