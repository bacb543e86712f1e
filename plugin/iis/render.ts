// IIS's side of the running configuration: several files, or one of them.
import { ConfigError } from '../../sidecar/errors.ts'
import type { PlugInput, PlugOptions } from '../host.ts'
import { partNames, parts } from './parts.ts'
import { planOf } from './plan.ts'

/** @throws {ConfigError} PLUG_PROTOCOL, PLUG_LISTENER, PLUG_NAME, PLUG_PART, ADDRESS_BAD */
export function render(input: PlugInput, { protocol = 'fastcgi', part }: PlugOptions = {}): string {
  if (protocol !== 'fastcgi') {
    throw new ConfigError(
      'PLUG_PROTOCOL',
      'plug',
      `iis is plugged in by fastcgi, not by ${protocol}; --part platform.web.config and arr.web.config are by HTTP`,
    )
  }
  const plan = planOf(input)
  const one = (name: string): string => `${parts[name]!(plan).join('\n')}\n`
  if (part === undefined) return partNames.map((name) => `==== ${name} ====\n\n${one(name)}`).join('\n')
  if (partNames.includes(part)) return one(part)
  throw new ConfigError('PLUG_PART', 'plug', `iis has no file ${part}; there are ${partNames.join(', ')}`)
}
