// An option as a report shows it: what may be a secret is left out.
import { magicShown } from './magic.ts'
import type { UwsgiOption } from './option.ts'

const SECRET = /pass|secret|token|key|credential|dsn|auth|private/i

/** `key = value` as it was written, without what nobody else should read. */
export function writtenOption({ key, value, raw = value }: Pick<UwsgiOption, 'key' | 'value' | 'raw'>): string {
  const shown = magicShown(hidden(key, raw))
  return shown === '' ? key : `${key} = ${shown}`
}

/** One that has a name of somebody's own, which says nothing of what its value is: `dbpw = …`. */
export function ownOption({ key, value }: Pick<UwsgiOption, 'key' | 'value'>): string {
  return value === '' ? key : `${key} = …`
}

function hidden(key: string, value: string): string {
  const equals = value.indexOf('=')
  if (/^(?:env|set|set-ph|set-placeholder|php-set|add-cache-item|snmp-community)$/.test(key))
    return equals < 0 ? value : `${value.slice(0, equals)}=…`
  if (/basicauth:/.test(value)) return value.replace(/(basicauth:[^,]*,)[^]*/, '$1…')
  // `legion = NAME ADDRESS VALOR CIPHER:SECRET`, `subscribe-to = ADDRESS:KEY,…,md5:SECRET`, `logger = redis:ADDRESS,…`.
  if (SECRET.test(key) || /^(?:legion|subscri|subscrb)/.test(key)) return '…'
  return value
}
