// All variables of a request in one text: Python splits a text faster than it takes FastCGI's name-value pairs apart.
import { emptyVariables, type Variables } from '../variables.ts'

/** What the one that holds them is called; a worker knows it. */
const PACKED = 'SIDEGATE_ENVIRON'

/** Names and values with a NUL between them; undefined when one has a NUL in it, and would be taken for two. */
export function packedText(variables: Variables): string | undefined {
  const parts: string[] = []
  for (const name in variables) {
    const value = variables[name]!
    if (value.includes('\0') || name.includes('\0')) return undefined
    parts.push(name, value)
  }
  return parts.join('\0')
}

/** One variable that holds all others, as a text that `packedText` made. */
export function packed(text: string): Variables {
  const one = emptyVariables()
  one[PACKED] = text
  return one
}
