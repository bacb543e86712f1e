// A value that a setting of gunicorn was given: where, how it was written, and what it is once gunicorn has read it.
import { ConfigError } from '../../errors.ts'
import type { Setting } from './setting.ts'

/** A setting that was given a value. */
export interface Given {
  readonly setting: Setting
  /** As gunicorn has it: a text, a number, true or false, a list of texts, a dictionary; undefined: as if it were not set (`None`). */
  readonly value: unknown
  /** `FILE:LINE`, or what stands for one. */
  readonly place: string
  /** As it was written, without what may be secret. */
  readonly written: string
  /** It is no value that is written there, but one that came out. */
  readonly computed: boolean
}

/** Settings whose values may have passwords in them. */
const SECRET: ReadonlySet<string> = new Set(['raw_env', 'logconfig_dict', 'raw_paste_global_conf', 'statsd_host'])

/** The value as a report may show it. @param source what is written, where that is known */
export function shownValue({ name, kind }: Setting, value: unknown, source: string): string {
  if (name === 'raw_env' && Array.isArray(value)) {
    return `raw_env of ${value.map((one) => String(one).split('=', 1)[0]).join(', ')}`
  }
  if (SECRET.has(name)) return name
  if (source !== '') return source
  if (kind === 'hook' || (typeof value === 'object' && !Array.isArray(value))) return name
  return `${name} = ${JSON.stringify(value) ?? 'None'}`
}

/** What gunicorn makes of a value. @throws {ConfigError} IMPORT_SYNTAX for one that it refuses */
export function readValue({ name, kind }: Setting, value: unknown, place: string): unknown {
  const wrong = (what: string): ConfigError => new ConfigError('IMPORT_SYNTAX', place, `${name} is to be ${what}`)
  if (value === null || value === undefined) return undefined
  switch (kind) {
    case 'number':
    case 'octal': {
      const number = typeof value === 'string' ? wholeNumber(value.trim(), kind === 'octal') : Number(value)
      if (!Number.isInteger(number) || number < 0) throw wrong('a number that is not below 0')
      return number
    }
    case 'flag':
    case 'off': {
      const word = typeof value === 'string' ? value.trim().toLowerCase() : String(value)
      if (word !== 'true' && word !== 'false') throw wrong('True or False')
      return word === 'true'
    }
    case 'list':
    case 'peers': {
      if (value === '') return []
      const items = Array.isArray(value) ? value : [value]
      if (items.some((item) => typeof item !== 'string')) throw wrong('a text, or a list of texts')
      const texts = (items as string[]).flatMap((item) => (kind === 'peers' ? item.split(',') : [item]))
      return texts.map((item) => item.trim()).filter((item) => item !== '')
    }
    case 'dictionary':
      return value
    case 'hook':
      return value
    case 'text':
    case 'word': {
      if (typeof value === 'object') return callableName(value) ?? wrongText(wrong)
      return String(value).trim()
    }
  }
}

function wrongText(wrong: (what: string) => ConfigError): never {
  throw wrong('a text')
}

/** A class or a function, which the file has itself, by its name. */
function callableName(value: object): string | undefined {
  const name = (value as { $callable?: unknown }).$callable
  return typeof name === 'string' ? name : undefined
}

/** As int(text, 0) of Python. `octal`: 027 is one. */
function wholeNumber(text: string, octal: boolean): number {
  const plain = text.replaceAll('_', '')
  if (octal && /^0[0-7]+$/.test(plain)) return Number.parseInt(plain, 8)
  return /^(?:[0-9]+|0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+)$/.test(plain) ? Number(plain) : Number.NaN
}
