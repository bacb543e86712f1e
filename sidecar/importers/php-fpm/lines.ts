// The lines of php-fpm's files, in the syntax of php.ini: one setting a line (the manual of PHP, "FastCGI Process Manager: Configuration";
// "parse_ini_file" for the syntax).
import { ConfigError } from '../../errors.ts'

/** A line that says something. */
export type FpmLine = FpmSection | FpmSetting

/** `[www]`: what follows is of this pool, or of php-fpm as a whole (`global`). */
export interface FpmSection {
  readonly kind: 'section'
  readonly place: string
  readonly name: string
}

/** `NAME = VALUE`, `NAME[KEY] = VALUE`. */
export interface FpmSetting {
  readonly kind: 'setting'
  readonly place: string
  readonly name: string
  /** What stands in brackets. */
  readonly key: string | undefined
  /** Without quotes, `${NAME}` filled in; `on`, `yes`, `true` are `1`, `off`, `no`, `false`, `none` are empty. */
  readonly value: string
  /** As it was written, without a comment: as php.ini takes it. */
  readonly raw: string
}

const TRUE = /^(?:on|yes|true)$/i
const FALSE = /^(?:off|no|false|none|null)$/i

/**
 * The lines of one file. A comment begins with `;`.
 * @param file for places
 * @throws {ConfigError} IMPORT_SYNTAX
 */
export function fpmLines(
  text: string,
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): FpmLine[] {
  return text.split(/\r?\n/).flatMap((line, index): FpmLine[] => {
    const place = `${file}:${index + 1}`
    if (/^\s*(?:;|$)/.test(line)) return []
    const section = /^\s*\[([^\]]*)\]\s*(?:;.*)?$/.exec(line)?.[1]?.trim()
    if (section !== undefined) return [{ kind: 'section', place, name: unquoted(section) }]
    const [, name, key, rest] = /^\s*([A-Za-z_][\w.]*)\s*(?:\[([^\]]*)\]\s*)?=\s*(.*)$/.exec(line) ?? []
    const raw = rest === undefined ? undefined : withoutComment(rest)
    if (name === undefined || raw === undefined) {
      throw new ConfigError('IMPORT_SYNTAX', place, 'a line of php-fpm is NAME = VALUE, [POOL] or a comment with ;')
    }
    return [{ kind: 'setting', place, name, key: key?.trim(), raw, value: valueOf(raw, environment) }]
  })
}

/** What stands before a `;` that is in no quotes; undefined: a quote is not closed. */
function withoutComment(text: string): string | undefined {
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!
    if (quote !== '') {
      if (letter === '\\' && quote === '"') at++
      else if (letter === quote) quote = ''
    } else if (letter === ';') return text.slice(0, at).trim()
    // An apostrophe within a word is one.
    else if (letter === '"' || (letter === "'" && (at === 0 || /\s/.test(text[at - 1]!)))) quote = letter
  }
  return quote === '' ? text.trim() : undefined
}

function valueOf(raw: string, environment: Readonly<Record<string, string | undefined>>): string {
  if (TRUE.test(raw)) return '1'
  if (FALSE.test(raw)) return ''
  if (/^'.*'$/.test(raw)) return raw.slice(1, -1)
  const text = /^".*"$/.test(raw) ? unquoted(raw) : raw
  return text.replace(/\$\{([^}]*)\}/g, (_, name: string) => environment[name] ?? '')
}

function unquoted(text: string): string {
  return /^"(.*)"$/.test(text) ? text.slice(1, -1).replace(/\\(["\\])/g, '$1') : text
}
