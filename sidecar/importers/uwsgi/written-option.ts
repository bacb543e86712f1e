// An option as a report shows it: what may be a secret is left out.
import { magicShown } from './magic.ts'
import type { UwsgiOption } from './option.ts'

const SECRET = /pass|secret|token|key|credential|dsn|auth|private/i

/** `key = value` as it was written, without what nobody else should read. */
export function writtenOption({ key, value, raw = value }: Pick<UwsgiOption, 'key' | 'value' | 'raw'>): string {
  const shown = magicShown(hidden(key, raw))
  return shown === '' ? key : `${key} = ${shown}`
}

function hidden(key: string, value: string): string {
  const equals = value.indexOf('=')
  if (/^(?:env|set|set-ph|set-placeholder|php-set|add-cache-item|snmp-community)$/.test(key))
    return equals < 0 ? value : `${value.slice(0, equals)}=…`
  if (/basicauth:/.test(value)) return value.replace(/(basicauth:[^,]*,)[^]*/, '$1…')
  if (SECRET.test(key)) return '…'
  return value.replaceAll(/(\/\/)[^/@\s]*@/g, '$1…@')
}
