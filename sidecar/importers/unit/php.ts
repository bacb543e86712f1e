// An application of type php → a `php` mount.
import type { AppContext, Group } from './group.ts'
import { commonSettings, placedIn } from './common.ts'
import { Refused } from './refused.ts'

/** @throws {Refused} without a folder */
export function phpMount(context: AppContext): Readonly<Record<string, unknown>> {
  const { app, name, part, told, to } = context
  const own = part === undefined ? app : ((app.targets as Group)[part] as Group)
  const at = (...keys: string[]): string[] =>
    part === undefined ? ['applications', name, ...keys] : ['applications', name, 'targets', part, ...keys]
  if (typeof own.root !== 'string') throw new Refused(`${at('root').join('.')} is not there`)
  told.carried(at('root'), to('php'))
  const settings: Record<string, unknown> = { php: placedIn(context, own.root), app: 'none', static: false }
  if (typeof own.script === 'string') {
    told.changed(at('script'), to('frontController'), 'it runs where no other script is named')
    settings.frontController = `/${own.script.replace(/^\/+/, '')}`
  } else settings.frontController = false
  settings.index = [typeof own.index === 'string' ? own.index : 'index.php']
  if (own.index !== undefined) told.carried(at('index'), to('index'))
  if (app.working_directory !== undefined)
    told.left(['applications', name, 'working_directory'], 'a script runs in its own folder')
  return { ...settings, ...iniOf(context), ...commonSettings(context, 'maxRequests'), ...idleless(context) }
}

/** With some that stay, PHP knows no time after which the others end. */
function idleless(context: AppContext): Record<string, unknown> {
  const given = context.app.processes
  if (typeof given !== 'object' || given === null) return {}
  const { max = 1, spare = 0, idle_timeout: idle = 15 } = given as Record<string, number>
  return { processes: spare === 0 ? { min: 0, max, idle } : { min: Math.min(spare, max), max } }
}

/** Of what `user` says a script may change all, of what `admin` says nothing. */
const INI = [
  ['user', 'ini'],
  ['admin', 'adminIni'],
] as const

function iniOf({ app, name, told, to }: AppContext): Record<string, unknown> {
  const options = (app.options ?? {}) as Group
  const path = ['applications', name, 'options']
  const settings: Record<string, unknown> = {}
  for (const [kind, setting] of INI) {
    const given = (options[kind] ?? {}) as Group
    for (const key of Object.keys(given)) told.carried([...path, kind, key], to(setting))
    if (Object.keys(given).length > 0) settings[setting] = given
  }
  if (options.file !== undefined)
    told.left([...path, 'file'], 'the php.ini of php-fpm is read: write what differs into ini')
  return settings
}
