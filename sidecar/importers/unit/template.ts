// Texts with variables of Unit (`$uri`, `${host}`) → texts with variables here.
import { Refused } from './refused.ts'

const VARIABLE = /\$(?:\{([^}]*)\}|([A-Za-z0-9_]+))/g

const VARIABLES: Readonly<Record<string, string>> = {
  uri: '${PATH_INFO}',
  host: '${HTTP_HOST}',
  method: '${REQUEST_METHOD}',
  remote_addr: '${REMOTE_ADDR}',
}

/** Whether a text has variables or is a template of JavaScript. */
export function isFixed(text: string): boolean {
  return !text.startsWith('`') && text.search(VARIABLE) < 0
}

/** @param plain what becomes of the words between. @throws {Refused} for what there is nothing like here */
export function converted(text: string, plain: (words: string) => string): string {
  if (text.startsWith('`'))
    throw new Refused(`${text} is JavaScript of Unit: a layer of your own (docs/middleware-own.md) can say the same`)
  let result = ''
  let at = 0
  for (const match of text.matchAll(VARIABLE)) {
    const name = match[1] ?? match[2]!
    result += plain(text.slice(at, match.index)) + variable(name)
    at = match.index + match[0].length
  }
  return result + plain(text.slice(at))
}

function variable(name: string): string {
  if (name === 'dollar') return '\\$'
  const field = /^header_(.+)$/.exec(name)?.[1]
  const known = field === undefined ? VARIABLES[name] : `\${HTTP_${field.toUpperCase()}}`
  if (known === undefined) throw new Refused(`the variable $${name} is not known here`)
  return known
}

/** Words as the `to` of a rule has them. */
export function targetWords(words: string): string {
  return words.replace(/[\\:*$]/g, '\\$&')
}
