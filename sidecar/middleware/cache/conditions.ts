// What a client that has something already asks of a stored response: whether it is still that (RFC 9110 13), or a part of it (14).
import type { Variables } from '../../variables.ts'
import type { Head, HeaderPair } from '../../wire/head.ts'
import { fieldOf } from '../response-fields.ts'

/** A part of a body. */
export interface Part {
  readonly from: number
  readonly length: number
}

/** Fields of a 304 (RFC 9110 15.4.5), and what the client is to have from any response. */
const KEPT: ReadonlySet<string> = new Set([
  'age',
  'cache-control',
  'cache-status',
  'content-location',
  'date',
  'etag',
  'expires',
  'last-modified',
  'set-cookie',
  'vary',
])

/** True when a 200 with this head is what the client has. */
export function isNotModified(head: Head, variables: Variables): boolean {
  const tags = variables.HTTP_IF_NONE_MATCH
  if (tags !== undefined) {
    if (tags.trim() === '*') return true
    const tag = fieldOf(head, 'etag')
    return tag !== undefined && hasTag(tags, tag)
  }
  const since = variables.HTTP_IF_MODIFIED_SINCE
  const modified = fieldOf(head, 'last-modified')
  return since !== undefined && modified !== undefined && Date.parse(modified) <= Date.parse(since)
}

/** The 304 in the place of a 200. */
export function notModified({ headers }: Head): Head {
  const kept = headers.filter(([name]) => KEPT.has(name.toLowerCase()))
  return { status: 304, reason: 'Not Modified', headers: kept }
}

/** True when a 304 is about a stored response (RFC 9111 4.3.3): its validator is that one's, or it has none. */
export function confirms(answer: Head, stored: Head): boolean {
  const tag = fieldOf(answer, 'etag')
  const before = fieldOf(stored, 'etag')
  if (tag !== undefined) return before !== undefined && opaque(before) === opaque(tag)
  const modified = fieldOf(answer, 'last-modified')
  return modified === undefined || modified === fieldOf(stored, 'last-modified')
}

/** The part that a GET asks for; undefined: all of it; `none`: there is no such part. Of several parts all of it is sent (RFC 9110 14.2). */
export function partOf(variables: Variables, head: Head, size: number): Part | 'none' | undefined {
  const asked = variables.HTTP_RANGE
  if (asked === undefined || head.status !== 200 || variables.REQUEST_METHOD !== 'GET') return undefined
  if (!isSame(variables.HTTP_IF_RANGE, head)) return undefined
  const found = /^bytes=[ \t]*([0-9]{0,15})-([0-9]{0,15})[ \t]*$/i.exec(asked)
  if (!found || (found[1] === '' && found[2] === '')) return undefined
  const [, first = '', last = ''] = found
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'none' : { from: size - length, length }
  }
  const from = Number(first)
  if (last !== '' && Number(last) < from) return undefined
  if (from >= size) return 'none'
  return { from, length: Math.min(last === '' ? size : Number(last) + 1, size) - from }
}

/** The head of a part, or of the refusal of one. */
export function partHead({ headers }: Head, part: Part | 'none', size: number): Head {
  const range = part === 'none' ? `bytes */${size}` : `bytes ${part.from}-${part.from + part.length - 1}/${size}`
  const field: HeaderPair = ['Content-Range', range]
  if (part === 'none') return { status: 416, reason: 'Range Not Satisfiable', headers: [field] }
  return { status: 206, reason: 'Partial Content', headers: [...headers, field] }
}

/** If-Range (RFC 9110 13.1.5): strong comparison. */
function isSame(asked: string | undefined, head: Head): boolean {
  if (asked === undefined) return true
  if (asked.startsWith('"')) return asked === fieldOf(head, 'etag')
  return !asked.startsWith('W/') && asked === fieldOf(head, 'last-modified')
}

function hasTag(tags: string, tag: string): boolean {
  const wanted = opaque(tag)
  return tags.match(/"[^"]*"/g)?.includes(wanted) ?? false
}

/** Weak comparison (RFC 9110 8.8.3.2). */
function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag
}
