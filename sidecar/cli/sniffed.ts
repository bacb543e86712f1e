// A request as sniff shows it: for people, or as JSON.
import { jsonLine } from '../line.ts'
import { isDropped, isRefused } from '../refused.ts'
import type { Variables } from '../variables.ts'

/** One request, and what became of it. */
export interface Sniffed {
  readonly protocol: string
  /** All that the host sent; values are latin-1: a character is a byte. */
  readonly variables: Variables
  /** The length of the body that was announced; undefined: none, its end tells. */
  readonly announced: number | undefined
  readonly received: number
  /** The first bytes of the body. */
  readonly start: Uint8Array
  /** Why it was refused, or broke off. */
  readonly error: { readonly code: string; readonly message: string } | undefined
}

/** What Sidegate does with a variable that no app gets to see; undefined for all others. */
function markOf(name: string): 'refused' | 'dropped' | undefined {
  // Attributes of AJP that are no variables; those with which a peer could choose files to read.
  if (/^attribute:(?:javax|jakarta)\.servlet\./i.test(name) || isRefused(name)) return 'refused'
  return name.startsWith('attribute:') || isDropped(name) ? 'dropped' : undefined
}

const MARKS = {
  refused: '   <- serve refuses a request with this (403)',
  dropped: '   <- serve leaves this out',
}

/** As one line of JSON. */
export function sniffedJson({ protocol, variables, announced, received, start, error }: Sniffed): string {
  const marked = (mark: string): string[] => Object.keys(variables).filter((name) => markOf(name) === mark)
  const body = { announced: announced ?? null, received, start: Buffer.from(start).toString('latin1') }
  const record = {
    time: new Date().toISOString(),
    protocol,
    variables,
    refused: marked('refused'),
    dropped: marked('dropped'),
    body,
  }
  return jsonLine(error ? { ...record, error } : record)
}

/** As lines: a head, a variable each, the body. */
export function sniffedText({ protocol, variables, announced, received, start, error }: Sniffed): string {
  const { REQUEST_METHOD: method = '?', REQUEST_URI: uri, PATH_INFO: path = '?' } = variables
  const names = Object.keys(variables)
  const width = Math.max(...names.map((name) => name.length), 4)
  const lines = [`${protocol}: ${printable(method)} ${printable(uri ?? path)}`]
  for (const name of names) {
    const mark = markOf(name)
    lines.push(`  ${printable(name).padEnd(width)}  ${printable(variables[name]!)}${mark ? MARKS[mark] : ''}`)
  }
  const length = announced === undefined ? 'no length announced' : `${announced} announced`
  lines.push(`  ${'body'.padEnd(width)}  ${received} bytes, ${length}`)
  if (start.length > 0) {
    const more = received > start.length ? ' …' : ''
    lines.push(`  ${''.padEnd(width)}  ${printable(Buffer.from(start).toString('latin1'))}${more}`)
  }
  if (error) lines.push(`  ${'error'.padEnd(width)}  ${printable(error.message)} [${error.code}]`)
  return `${lines.join('\n')}\n\n`
}

/** Latin-1 text so that a terminal shows it: UTF-8 where it is that, all else escaped byte by byte. */
function printable(text: string): string {
  const escaped = (part: string): string => `\\x${part.charCodeAt(0).toString(16).padStart(2, '0')}`
  const decoded = Buffer.from(text, 'latin1').toString('utf8')
  if (decoded.includes('\ufffd')) return text.replace(/[^\x20-\x7e]/g, escaped)
  return decoded.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (part) =>
    part < '\x80' ? escaped(part) : `\\u{${part.codePointAt(0)!.toString(16)}}`,
  )
}
