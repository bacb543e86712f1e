// Apache's syntax: arguments and sections.
import { ConfigError } from '../../sidecar/errors.ts'
import { indented } from '../plan.ts'

/**
 * An argument of a directive, in quotes.
 * @throws {ConfigError} PLUG_NAME for a `${` or a line break: Apache has no way to write one there.
 */
export function quoted(text: string): string {
  if (/\$\{|[\r\n]/.test(text)) {
    throw new ConfigError('PLUG_NAME', 'plug', `${JSON.stringify(text)} cannot be written in Apache's config`)
  }
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** A section, its body indented. */
export function section(name: string, argument: string, body: readonly string[]): string[] {
  return [`<${name} ${argument}>`, ...indented(body), `</${name}>`]
}
