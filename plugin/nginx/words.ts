// nginx's syntax: words and blocks.
import { ConfigError } from '../../sidecar/errors.ts'
import { indented } from '../plan.ts'

/** A parameter of a directive, in quotes when it has to be. */
export function word(text: string): string {
  return /^[\w./:@%+,=*[\]-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`
}

/**
 * A parameter in which nginx looks for variables.
 * @throws {ConfigError} PLUG_NAME for a `$`: nginx has no way to write one there.
 */
export function expanded(text: string): string {
  if (text.includes('$')) {
    throw new ConfigError(
      'PLUG_NAME',
      'plug',
      `${JSON.stringify(text)} cannot be written in nginx's config: $ begins a variable there`,
    )
  }
  return word(text)
}

/** A block, its body indented. */
export function block(head: string, body: readonly string[]): string[] {
  return [`${head} {`, ...indented(body), '}']
}
