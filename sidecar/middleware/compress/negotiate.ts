// Which coding of its content a client wants (RFC 9110 12.5.3), found in one pass: whoever sends a long Accept-Encoding gains nothing by it.

/** The codings that there are, in the order in which they are preferred: what is small soonest comes first. */
export const CODINGS = ['zstd', 'br', 'gzip'] as const

/** The name of a coding. */
export type Coding = (typeof CODINGS)[number]

/** No client names more; what stands behind them is not looked at. */
const ELEMENTS_MAX = 64
const ELEMENT_MAX = 64

/** A coding and its weight (RFC 9110 12.4.2): at most three decimals, 0 to 1. */
const ELEMENT = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?$/

/**
 * The coding to send, or undefined for the content as it is: where nothing is acceptable that is sent too, as nobody is helped by a 406.
 * @param accept Accept-Encoding. Without it a client takes anything, and may not know how to decode it: it gets no coding
 * @param offered the first counts of those that the client likes equally well
 */
export function negotiate(accept: string | undefined, offered: readonly Coding[]): Coding | undefined {
  if (accept === undefined || accept === '') return undefined
  const weights = weightsOf(accept)
  const others = weights.get('*') ?? 0
  let best: Coding | undefined
  let most = 0
  for (const coding of offered) {
    const weight = weights.get(coding) ?? others
    if (weight <= most) continue
    best = coding
    most = weight
  }
  return most >= (weights.get('identity') ?? 0) ? best : undefined
}

/** Weights by name, in lower case; of a name that comes twice the first. What is malformed is not there. */
function weightsOf(accept: string): Map<string, number> {
  const weights = new Map<string, number>()
  for (let at = 0, seen = 0; at <= accept.length && seen < ELEMENTS_MAX; seen++) {
    const comma = accept.indexOf(',', at)
    const end = comma < 0 ? accept.length : comma
    if (end - at <= ELEMENT_MAX) {
      const found = ELEMENT.exec(accept.slice(at, end).trim())
      if (found) {
        const lower = found[1]!.toLowerCase()
        const name = lower === 'x-gzip' ? 'gzip' : lower
        if (!weights.has(name)) weights.set(name, Number(found[2] ?? 1))
      }
    }
    at = end + 1
  }
  return weights
}
