// HAProxy's syntax: arguments.
import { ConfigError } from '../../sidecar/errors.ts'

/**
 * An argument that stands for itself.
 * @throws {ConfigError} PLUG_NAME for a line break, which HAProxy cannot write.
 */
export function word(text: string): string {
  if (/[\r\n]/.test(text)) {
    throw new ConfigError('PLUG_NAME', 'plug', `${JSON.stringify(text)} cannot be written in HAProxy's config`)
  }
  return /^[\w./:@%+,=*-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`
}
