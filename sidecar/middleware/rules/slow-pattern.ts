// Regular expressions that may take for ever: a repetition of what has a repetition in it, such as `(\w+-?)*`, which there are ever more ways to
// divide a path among, and all are tried when it does not fit in the end. Found by their text, so not all are: it is a warning.

import type { Log } from '../../log.ts'

/** A group that is open. */
interface Group {
  readonly start: number
  /** It has a repetition without end in it. */
  repeats: boolean
}

const REPETITION = /^(?:[*+]|\{[0-9]+,\})/

/** Has the log warn of a regular expression that may take for ever (RULE_SLOW). `path`: of the setting. */
export function warnOfSlow(source: string, path: string, log: Log): void {
  const slow = slowPart(source)
  if (slow === undefined) return
  const why = 'repeats what repeats itself, and may take for ever for text that does not fit in the end'
  log.warn(`${path}: ${slow} ${why}`, { code: 'RULE_SLOW' })
}

/** The part of a regular expression that repeats a repetition; undefined when there is none. */
export function slowPart(source: string): string | undefined {
  const open: Group[] = [{ start: 0, repeats: false }]
  for (let at = 0; at < source.length;) {
    let end = at + 1
    let inside: Group | undefined
    if (source[at] === '(') {
      open.push({ start: at, repeats: false })
      at = end
      continue
    }
    if (source[at] === '\\') end = at + 2
    else if (source[at] === '[') end = classEnd(source, at)
    else if (source[at] === ')' && open.length > 1) inside = open.pop()
    const group = open.at(-1)!
    const repetition = REPETITION.exec(source.slice(end))?.[0]
    if (repetition !== undefined) {
      const part = source.slice(inside?.start, end)
      if (inside?.repeats && !isParted(part)) return part + repetition
      group.repeats = true
    } else if (inside?.repeats) group.repeats = true
    at = end + (repetition?.length ?? 0)
  }
  return undefined
}

function classEnd(source: string, start: number): number {
  let at = start + 1
  while (at < source.length && source[at] !== ']') at += source[at] === '\\' ? 2 : 1
  return at + 1
}

/** Whether each round of a group begins with a character that stands nowhere else in it: then there is one way to divide what fits. */
function isParted(group: string): boolean {
  const [, mark, rest] =
    /^\((?:\?:|\?<\w+>)?(?:\\(?=\W)|(?![\\[\](){}|.*+?]))([^\w])(?![*+?{])(.*)\)$/s.exec(group) ?? []
  if (mark === undefined || rest === undefined) return false
  const others = rest
    .replaceAll(/\[\^[^\]]*\]/g, (negated) => (negated.includes(mark) ? '' : '.'))
    .replaceAll('\\.', '')
  return !others.includes(mark) && !/\.|\\[SWD]|\|/.test(others)
}
