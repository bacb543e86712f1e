// All settings of gunicorn 27, and of older ones what these had beside them.
import { nearest } from '../../nearest.ts'
import { carriedSettings } from './carried.ts'
import { leftSettings } from './left.ts'
import { settingsOf, type Setting } from './setting.ts'

/** `-c`: which file is read. It is no value of that file. */
const configSetting: readonly Setting[] = settingsOf(
  [['config', 'text', '-c --config']],
  'the file that is imported',
  '',
)

/** Every one, in the order of the docs. */
export const settings: readonly Setting[] = [...carriedSettings, ...leftSettings, ...configSetting]

const byName = new Map(settings.map((setting) => [setting.name, setting]))
const byFlag = new Map(settings.flatMap((setting) => setting.flags.map((flag) => [flag, setting] as const)))

/** One by its name. */
export function settingNamed(name: string): Setting | undefined {
  return byName.get(name)
}

/** One by an option as it was typed: a long one may be cut short, as long as it is the only one that begins so. */
export function settingOfFlag(flag: string): Setting | undefined {
  const exact = byFlag.get(flag)
  if (exact || !flag.startsWith('--')) return exact
  const begun = [...byFlag].filter(([one]) => one.startsWith(flag))
  const [first, ...others] = new Set(begun.map(([, setting]) => setting))
  return others.length === 0 ? first : undefined
}

/** What somebody may have meant. */
export function nearestSetting(name: string): string | undefined {
  return nearest(name, [...(name.startsWith('-') ? byFlag : byName).keys()])
}
