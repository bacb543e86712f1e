// lighttpd's syntax: strings and blocks.
import { ConfigError } from '../../sidecar/errors.ts'
import { indented } from '../plan.ts'

/**
 * A string.
 * @throws {ConfigError} PLUG_NAME for a quote or a line break, which lighttpd cannot write.
 */
export function string(text: string): string {
  if (/["\\\r\n]/.test(text)) {
    throw new ConfigError('PLUG_NAME', 'plug', `${JSON.stringify(text)} cannot be written in lighttpd's config`)
  }
  return `"${text}"`
}

/** A regular expression that stands for itself, without its quotes. */
export function literal(text: string): string {
  return text.replace(
    /[\\^$.|?*+()[\]{}]/g,
    (character) => `[${character === '^' || character === '\\' ? `\\${character}` : character}]`,
  )
}

/** A block, its body indented. */
export function block(head: string, body: readonly string[]): string[] {
  return [`${head} {`, ...indented(body), '}']
}
