// Header fields of a response that is on its way, as layers read and change them. Names are compared in whichever letters (RFC 9110 5.1).
import type { Head, HeaderPair } from '../wire/head.ts'

/** The value of a field, several joined as RFC 9110 5.3 has it; undefined when it is not there. `lower`: its name in lower case. */
export function fieldOf({ headers }: Head, lower: string): string | undefined {
  let value: string | undefined
  for (const [name, one] of headers) if (isNamed(name, lower)) value = value === undefined ? one : `${value}, ${one}`
  return value
}

/** The head with one field of this name in the place of all that are there. */
export function withField(head: Head, name: string, value: string): Head {
  const { status, reason } = head
  return { status, reason, headers: [...others(head, [name.toLowerCase()]), [name, value]] }
}

/** The head without fields of these names, in lower case. */
export function withoutFields(head: Head, ...lower: readonly string[]): Head {
  const { status, reason } = head
  return { status, reason, headers: others(head, lower) }
}

/** The head with a name in its Vary, once (RFC 9110 12.5.5). `*` says it already. */
export function withVary(head: Head, field: string): Head {
  const before = fieldOf(head, 'vary')
  if (before === undefined) return withField(head, 'Vary', field)
  const names = before.split(',').map((name) => name.trim().toLowerCase())
  if (names.includes('*') || names.includes(field.toLowerCase())) return head
  return withField(head, 'Vary', `${before}, ${field}`)
}

function others({ headers }: Head, lower: readonly string[]): HeaderPair[] {
  return headers.filter(([name]) => !lower.some((one) => isNamed(name, one)))
}

/** True for a field of this name, in whichever letters. `lower`: in lower case. */
export function isNamed(name: string, lower: string): boolean {
  return name.length === lower.length && name.toLowerCase() === lower
}
