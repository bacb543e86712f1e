// The Caddyfile's syntax: tokens and blocks.
import { ConfigError } from '../../sidecar/errors.ts'
import { indented } from '../plan.ts'

/**
 * A token that stands for itself.
 * @throws {ConfigError} PLUG_NAME for braces, in which Caddy looks for placeholders, and for backquotes and line breaks.
 */
export function token(text: string): string {
  if (/[{}`\r\n]/.test(text)) {
    throw new ConfigError('PLUG_NAME', 'plug', `${JSON.stringify(text)} cannot be written in a Caddyfile`)
  }
  return /^[\w./:@%+,=*-]+$/.test(text) ? text : `\`${text}\``
}

/** A block, its body indented. */
export function block(head: string, body: readonly string[]): string[] {
  return [head === '' ? '{' : `${head} {`, ...indented(body, '\t'), '}']
}
