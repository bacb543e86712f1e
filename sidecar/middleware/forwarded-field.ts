// The field Forwarded (RFC 7239 4), read in one pass.

/** One element: what one proxy says of the request that it got. Names in lower case. */
export type ForwardedElement = ReadonlyMap<string, string>

const LENGTH_MAX = 8 * 1024
const ELEMENTS_MAX = 64

// A token, or a string in quotes (RFC 9110 5.6.4).
const PAIR =
  /([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)|"((?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*)")/y

/**
 * The elements of the field, of several lines joined with commas; empty ones and empty pairs count for nothing (RFC 9110 5.6.1).
 * @returns undefined where it is not as the RFC has it, has a parameter twice in one element (RFC 7239 4), or is too long: nothing of it counts
 */
export function readForwarded(text: string): ForwardedElement[] | undefined {
  if (text.length > LENGTH_MAX) return undefined
  const elements: ForwardedElement[] = []
  let element = new Map<string, string>()
  const finish = (): void => {
    if (element.size > 0) elements.push(element)
    element = new Map()
  }
  for (let at = skipBlanks(text, 0); at < text.length; at = skipBlanks(text, at + 1)) {
    if (text[at] !== ',' && text[at] !== ';') {
      PAIR.lastIndex = at
      const pair = PAIR.exec(text)
      if (!pair) return undefined
      const name = pair[1]!.toLowerCase()
      if (element.has(name)) return undefined
      element.set(name, pair[2] ?? pair[3]!.replace(/\\(.)/g, '$1'))
      at = skipBlanks(text, PAIR.lastIndex)
      if (at < text.length && text[at] !== ',' && text[at] !== ';') return undefined
    }
    if (text[at] === ',') finish()
  }
  finish()
  return elements.length > ELEMENTS_MAX ? undefined : elements
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (text[at] === ' ' || text[at] === '\t') at++
  return at
}
