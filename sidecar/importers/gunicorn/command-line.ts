// The command line of gunicorn, taken apart as Python's argparse does it.
import { ConfigError } from '../../errors.ts'
import { readValue, shownValue, type Given } from './given.ts'
import type { Setting } from './setting.ts'
import { nearestSetting, settingOfFlag } from './settings.ts'

/** What it says. */
export interface CommandLine {
  readonly given: readonly Given[]
  /** `module:callable`; undefined: it names none. */
  readonly app: string | undefined
  /** Further words, of which gunicorn takes no notice. */
  readonly rest: readonly string[]
}

/** @param place where it stands, for reports and errors. @throws {ConfigError} IMPORT_SYNTAX */
export function readCommandLine(words: readonly string[], place: string): CommandLine {
  const lists = new Map<Setting, string[]>()
  const values = new Map<Setting, { value: unknown; written: string }>()
  const plain: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    if (word === '--') {
      plain.push(...words.slice(at + 1))
      break
    }
    if (!word.startsWith('-') || word === '-') {
      plain.push(word)
      continue
    }
    const { flag, inside } = parted(word)
    const setting = settingOfFlag(flag)
    if (!setting) throw unknown(flag, place)
    const next = words[at + 1]
    const { value, taken } = valueOf(setting, flag, inside, next, place)
    at += taken
    const written = taken > 0 ? `${word} ${next}` : word
    if (setting.kind === 'list') {
      const list = lists.get(setting) ?? []
      list.push(String(value))
      lists.set(setting, list)
      values.set(setting, { value: list, written: `${flag} ${list.join(` ${flag} `)}` })
    } else values.set(setting, { value, written })
  }
  const [app, ...rest] = plain
  const given = [...values].map(([setting, { value, written }]): Given => ({
    setting,
    value: readValue(setting, value, place),
    place,
    written: shownValue(setting, value, written),
    computed: false,
  }))
  return { given, app, rest }
}

/** `--workers=4`, `-w4`. */
function parted(word: string): { flag: string; inside: string | undefined } {
  if (!word.startsWith('--')) return { flag: word.slice(0, 2), inside: word.slice(2) || undefined }
  const equals = word.indexOf('=')
  return equals < 0
    ? { flag: word, inside: undefined }
    : { flag: word.slice(0, equals), inside: word.slice(equals + 1) }
}

function valueOf(
  { kind }: Setting,
  flag: string,
  inside: string | undefined,
  next: string | undefined,
  place: string,
): { value: unknown; taken: number } {
  if (kind === 'flag' || kind === 'off') {
    if (inside !== undefined) throw new ConfigError('IMPORT_SYNTAX', place, `${flag} takes no value`)
    return { value: kind === 'flag', taken: 0 }
  }
  if (inside !== undefined) return { value: inside, taken: 0 }
  if (next !== undefined && (!next.startsWith('-') || next === '-')) return { value: next, taken: 1 }
  if (kind === 'word') return { value: 'auto', taken: 0 }
  throw new ConfigError('IMPORT_SYNTAX', place, `${flag} needs a value`)
}

function unknown(flag: string, place: string): ConfigError {
  const meant = nearestSetting(flag)
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`
  return new ConfigError('IMPORT_SYNTAX', place, `gunicorn has no option ${flag}, or several that begin so${hint}`)
}
