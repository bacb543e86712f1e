// The mounts of a framework: one for each place, on a host of its own.
import { join } from 'node:path'
import type { Framework, Place, Prefix } from './framework.ts'

export const prefixes: readonly Prefix[] = ['', '/x']

/** The host that an app is mounted on. */
export const hostOf = ({ name }: Framework): string => `${name}.example`

/** Its mounts, as in a configuration, whatever folder that is in. */
export function mountsOf(
  framework: Framework,
  folder: string,
  python: Omit<Place, 'prefix'>,
): Record<string, Readonly<Record<string, unknown>>> {
  return Object.fromEntries(
    prefixes.map((prefix) => {
      const settings = framework.mount({ prefix, ...python })
      return [hostOf(framework) + prefix, inFolder(settings, folder)]
    }),
  )
}

/** The settings with what they name in a folder. */
function inFolder(settings: Readonly<Record<string, unknown>>, folder: string): Readonly<Record<string, unknown>> {
  const place = (name: string): object => {
    const value = settings[name]
    return typeof value === 'string' && value.startsWith('.') ? { [name]: join(folder, value) } : {}
  }
  const moved = { ...settings, ...place('node'), ...place('fetch'), ...place('venv') }
  return 'node' in settings || 'fetch' in settings
    ? moved
    : { ...moved, cwd: join(folder, String(settings.cwd ?? '.')) }
}
