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
  const files = filesFor(input)
  if (part === undefined) return [...files].map(([name, text]) => `==== ${name} ====\n\n${text}`).join('\n')
  const text = files.get(part)
  if (text !== undefined) return text
  const why = partNames.includes(part)
    ? `${part} is for static files beside scripts, and no mount here has some that IIS could be told of`
    : `iis has no file ${part}; there are ${[...files.keys()].join(', ')}`
  throw new ConfigError('PLUG_PART', 'plug', why)
}

/**
 * The texts of the files that there are for a configuration, by their names.
 * @throws {ConfigError} PLUG_LISTENER, PLUG_NAME, ADDRESS_BAD
 */
export function filesFor(input: PlugInput): ReadonlyMap<string, string> {
  const plan = planOf(input)
  const texts = new Map<string, string>()
  for (const [name, write] of Object.entries(parts)) {
    const lines = write(plan)
    if (lines) texts.set(name, `${lines.join('\n')}\n`)
  }
  return texts
}
