// What text may look like in a line that people read: in a log, a terminal, an error page of a command. What comes from peers and apps must
// neither begin a line of its own nor steer the terminal, and stays readable otherwise.

/**
 * Control characters (C0, DEL, C1), what Unicode counts as a line end (U+2028, U+2029), and what turns the order of the letters round
 * (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069).
 */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
const LINE_ENDS = /\r\n|[\n\v\f\r\x85\u2028\u2029]/
/** Printable ASCII without space, quote and backslash; `=` and the like are left to those that quote. */
const WORD = /^[A-Za-z0-9_./:@%+,[\]-]+$/
const QUOTED = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g

/** One line, letters of every language as they are: `\x1b`, `\u2028`, `\n` in the place of what a line must not have. */
export function visible(text: string): string {
  return text.replace(UNSAFE, escape)
}

/** In double quotes, all printable ASCII: quotes and backslashes with a backslash, the rest as `\xNN` or `\uNNNN`. */
export function quoted(text: string): string {
  return `"${text.replace(QUOTED, (c) => (c === '"' || c === '\\' ? `\\${c}` : escape(c)))}"`
}

/** One word, in double quotes unless it is a plain one. */
export function word(text: string): string {
  return WORD.test(text) ? text : quoted(text)
}

/** The lines of a text, each of them visible. */
export function linesOf(text: string): string[] {
  return text.split(LINE_ENDS).map(visible)
}

/** Several lines, each indented, so that none looks like the beginning of a record. */
export function indented(text: string): string {
  return linesOf(text.trimEnd())
    .map((line) => `    ${line}`)
    .join('\n')
}

/** JSON in one line; JSON.stringify leaves DEL, C1 and Unicode's line ends, which can stand in strings only, as they are. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value).replace(UNSAFE, (c) => `\\u${hex(c, 4)}`)}\n`
}

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escape(c: string): string {
  return SHORT[c] ?? (c < '\u0100' ? `\\x${hex(c, 2)}` : `\\u${hex(c, 4)}`)
}

function hex(c: string, digits: number): string {
  return c.charCodeAt(0).toString(16).padStart(digits, '0')
}
