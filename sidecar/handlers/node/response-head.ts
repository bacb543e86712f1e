// Reads the head that ServerResponse wrote as text back into a status and headers. node:http has checked names and values already.
import { isOfLibrary } from '../framing.ts'

/** A head as node:http wrote it. */
export interface ResponseHead {
  readonly status: number
  readonly reason: string
  readonly headers: [string, string][]
}

const CLOSE_LINE = /\r\nconnection:[^\r]*\bclose\b/i

/** True when the app asks for the end of the connection: node:http adds no such field by itself here. */
export function asksToClose(text: string, end: number): boolean {
  return CLOSE_LINE.test(text.slice(0, end))
}

const LIBRARY_LINE = /\r\n(?:connection|keep-alive|transfer-encoding):/i

/** Reads a head that an app wrote as text itself, each line with its CRLF; undefined when it is none. Nothing is dropped. */
export function readRawHead(text: string): ResponseHead | undefined {
  const [line = '', ...fields] = text.split('\r\n').slice(0, -1)
  const match = /^HTTP\/1\.[01] ([1-9][0-9][0-9])(?: (.*))?$/.exec(line)
  if (!match) return undefined
  const headers = fields.map((field): [string, string] => {
    const colon = field.indexOf(':')
    return colon < 0 ? [field, ''] : [field.slice(0, colon), field.slice(colon + 1).trim()]
  })
  return { status: Number(match[1]), reason: match[2] ?? '', headers }
}

/** True for a status of 1xx. */
export function isInterim(text: string): boolean {
  return text.charCodeAt(9) === 49 /* 1 */
}

/** Reads the head that ends at `end`; what node:http says of its connection is dropped. */
export function readWrittenHead(text: string, end: number): ResponseHead {
  const lineEnd = text.indexOf('\r\n')
  const status = Number(text.slice(9, 12))
  const reason = text.slice(13, lineEnd)
  let headers: [string, string][] = []
  for (let at = lineEnd + 2; at < end;) {
    const colon = text.indexOf(':', at)
    let next = text.indexOf('\r\n', colon)
    if (next < 0) next = end
    headers.push([text.slice(at, colon), text.slice(colon + 2, next)])
    at = next + 2
  }
  if (LIBRARY_LINE.test(text.slice(0, end))) headers = headers.filter(([name]) => !isOfLibrary(name))
  return { status, reason, headers }
}
