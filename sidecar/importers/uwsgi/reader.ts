// Reads what uWSGI reads: a file with all that it includes, its blocks and placeholders, and the options behind it on a command line. What
// comes out is the list that `uwsgi --show-config` prints.
import { ConfigError } from '../../errors.ts'
import type { ImportSource } from '../importer.ts'
import { sourceText } from '../source-text.ts'
import { linesOf, type UwsgiFormat } from './formats.ts'
import { Logic } from './logic.ts'
import { magicFilled, magicTable, type MagicTable } from './magic.ts'
import type { UwsgiAside, UwsgiOption } from './option.ts'
import { filledIn } from './passes.ts'

/** Files within files; more is a circle. */
const DEPTH_MAX = 50
/** Options in all; more is a circle. */
const OPTIONS_MAX = 100_000

/** Options that name another file, and the format that they say it has. */
const FILES: Readonly<Record<string, UwsgiFormat | 'any'>> = {
  ini: 'ini',
  yaml: 'yaml',
  yml: 'yaml',
  json: 'json',
  js: 'json',
  xml: 'xml',
  xmlconfig: 'xml',
  config: 'any',
  include: 'any',
}

/** Read once everything else is filled in. */
const INHERIT = 'inherit'
/** `NAME=VALUE` that is another option, or for placeholders alone. */
const SETS = new Set(['set', 'set-ph', 'set-placeholder'])
const PLUGINS = new Set(['plugin', 'plugins', 'need-plugin', 'need-plugins'])

/** The options that say how the files are read. */
export const readerNames: readonly string[] = [...Object.keys(FILES), INHERIT, ...SETS, 'declare-option']

/** Reads one instance of uWSGI. */
export class UwsgiReader {
  /** The names of the options that others have in their values. */
  readonly placeholders = new Set<string>()
  /** Lines that are not among the options. */
  readonly asides: UwsgiAside[] = []
  readonly #cwd: string
  readonly #environment: ImportSource['environment']
  readonly #logic: Logic
  readonly #plugins = new Set<string>()
  readonly #custom = new Map<string, string>()
  #options: UwsgiOption[] = []
  #first: MagicTable | undefined
  #last: string | undefined
  #depth = 0

  constructor({ cwd, environment }: Pick<ImportSource, 'cwd' | 'environment'>) {
    this.#cwd = cwd
    this.#environment = environment
    this.#logic = new Logic({
      cwd,
      environment,
      optionCalled: (name) => this.#options.find(({ key }) => key === name)?.value,
      isPluginLoaded: (name) => this.#plugins.has(name),
    })
  }

  /**
   * Reads a file, or a section of it: `FILE:SECTION`. What it includes is read where it is named.
   * @throws {ConfigError} IMPORT_MISSING, IMPORT_SYNTAX
   */
  async file(name: string, format: UwsgiFormat | 'any' = 'any', place?: string): Promise<void> {
    if (/^[a-z]+:\/\//.test(name))
      throw new ConfigError(
        'IMPORT_MISSING',
        place ?? name,
        `${name} is asked for by uWSGI itself: write it into a file`,
      )
    const colon = name.lastIndexOf(':')
    const section = colon < 0 ? '' : name.slice(colon + 1)
    const written = colon < 0 ? name : name.slice(0, colon)
    const path = written === '' ? this.#last : written
    if (path === undefined)
      throw new ConfigError(
        'IMPORT_MISSING',
        place ?? name,
        `${name} is a section of the file before, and there is none`,
      )
    this.#last = path
    if (this.#depth === DEPTH_MAX)
      throw new ConfigError(
        'IMPORT_SYNTAX',
        place ?? path,
        `${path} is included within ${DEPTH_MAX} others: it includes itself`,
      )
    const known = format === 'any' ? formatOf(path, place) : format
    const table = await magicTable(path, section, this.#cwd, this.#first)
    this.#first ??= table
    const text = await sourceText(path, this.#cwd).catch((error: unknown) => {
      throw place !== undefined && error instanceof ConfigError
        ? new ConfigError(error.code, place, `${path}: ${error.message}`)
        : error
    })
    const source = { text: magicFilled(text, table), file: path, section: section === '' ? undefined : section }
    const lines = await linesOf(known, source)
    if (!lines)
      throw new ConfigError(
        'IMPORT_SYNTAX',
        place ?? path,
        `${path} has no section ${section === '' ? 'uwsgi' : section}`,
      )
    this.#depth++
    for (const { key, value, line } of lines) await this.option(key, value, `${path}:${line}`)
    this.#depth--
  }

  /** One option, as if it stood in a file. @param place where it stands */
  async option(key: string, value: string, place: string): Promise<void> {
    if (this.#logic.take(key, value, place)) return
    const values = await this.#logic.valuesOf(value, place)
    if (values.length === 0) {
      const left = `${this.#logic.block} does not hold here and now: where it does, this counts`
      this.asides.push({ key, value, place, left })
    }
    for (const one of values) await this.#export(key, one, place)
  }

  /** All options, filled in. */
  async end(): Promise<UwsgiOption[]> {
    this.#options = await filledIn(this.#options, this.#environment, this.#cwd, this.placeholders)
    // Options of what is inherited stand behind all others, and nothing is filled in to them.
    for (let index = 0; index < this.#options.length; index++) {
      const { key, value, place, doubt } = this.#options[index]!
      if (key !== INHERIT) continue
      if (doubt !== undefined) throw new ConfigError('IMPORT_MISSING', place, doubt)
      await this.file(value, 'any', place)
    }
    return this.#options.flatMap((option) => this.#expanded(option))
  }

  async #export(key: string, value: string, place: string): Promise<void> {
    if (this.#options.length === OPTIONS_MAX)
      throw new ConfigError(
        'IMPORT_SYNTAX',
        place,
        `there are more than ${OPTIONS_MAX} options: files include one another in a circle`,
      )
    const equals = value.indexOf('=')
    if (SETS.has(key)) {
      if (equals < 0) throw new ConfigError('IMPORT_SYNTAX', place, `${key} is NAME=VALUE`)
      return this.#export(value.slice(0, equals), value.slice(equals + 1), place)
    }
    if (key === 'declare-option') {
      if (equals < 0) throw new ConfigError('IMPORT_SYNTAX', place, 'declare-option is NAME=OPTION=VALUE;OPTION=VALUE')
      this.#custom.set(value.slice(0, equals), value.slice(equals + 1))
      this.asides.push({ key, value, place })
      return
    }
    if (PLUGINS.has(key)) for (const name of value.split(',')) this.#plugins.add(name.trim())
    const format = Object.hasOwn(FILES, key) ? FILES[key] : undefined
    if (format === undefined) this.#options.push({ key, value, place })
    else {
      this.asides.push({ key, value, place })
      await this.file(value, format, place)
    }
  }

  /** An option that the file has declared: those of its template, with `$1`, `$2` … for the words of its value. */
  #expanded(option: UwsgiOption): UwsgiOption[] {
    const template = this.#custom.get(option.key)
    if (template === undefined) return [option]
    const words = option.value.split(' ').filter((word) => word !== '')
    const filled = (text: string): string =>
      text.replaceAll(/\$([1-9][0-9]*)/g, (whole, number: string) => words[Number(number) - 1] ?? whole)
    return template.split(';').flatMap((one) => {
      const equals = one.indexOf('=')
      return equals < 0 ? [] : [{ ...option, key: filled(one.slice(0, equals)), value: filled(one.slice(equals + 1)) }]
    })
  }
}

/** @throws {ConfigError} IMPORT_SYNTAX for an ending that uWSGI does not know */
export function formatOf(file: string, place?: string): UwsgiFormat {
  const ending = /\.([a-z]+)$/.exec(file)?.[1] ?? ''
  const format = ending === 'include' || ending === 'config' ? undefined : FILES[ending]
  if (format === undefined || format === 'any')
    throw new ConfigError(
      'IMPORT_SYNTAX',
      place ?? file,
      `${file} does not end in .ini, .yaml, .yml, .json, .js or .xml`,
    )
  return format
}

/** The ending of a file that uWSGI takes for a configuration. */
export function hasFormat(file: string): boolean {
  return /\.(?:ini|ya?ml|json|js|xml)$/.test(file)
}

/** Where options are found that stand in no file. */
export async function readWords(
  reader: UwsgiReader,
  words: readonly string[],
  isSwitch: (name: string) => boolean,
): Promise<void> {
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!
    const [, name, glued] = /^--?([^=]+)(?:=([^]*))?$/.exec(word) ?? []
    if (name === undefined) {
      await reader.file(word, 'any')
      continue
    }
    const key = SHORT[name] ?? name
    const next = words[index + 1]
    const takesNext = glued === undefined && next !== undefined && !isSwitch(key) && !/^-[^0-9]/.test(next)
    if (takesNext) index++
    await reader.option(key, glued ?? (takesNext ? next : ''), `--${key}`)
  }
}

/** Letters for options on the command line. */
const SHORT: Readonly<Record<string, string>> = {
  s: 'socket',
  p: 'processes',
  w: 'module',
  H: 'home',
  M: 'master',
  C: 'chmod-socket',
  T: 'enable-threads',
  i: 'single-interpreter',
  l: 'listen',
  b: 'buffer-size',
  d: 'daemonize',
  t: 'harakiri',
  R: 'max-requests',
  z: 'socket-timeout',
  L: 'disable-logging',
  S: 'set',
  x: 'xml',
  y: 'yaml',
  j: 'json',
  m: 'memory-report',
}

/** Variables of uWSGI's own, which are no options. */
const OWN = /^UWSGI_(?:RELOADS|ORIGINAL_PROC_NAME|VASSAL.*|EMPEROR.*|BROODLORD.*|INI|XML|YAML|YML|JSON|CONFIG|INCLUDE)$/

/** Options of the environment: `UWSGI_MAX_REQUESTS=100`. */
export async function readEnvironment(reader: UwsgiReader, environment: ImportSource['environment']): Promise<void> {
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('UWSGI_') || OWN.test(name) || value === undefined) continue
    await reader.option(name.slice('UWSGI_'.length).toLowerCase().replaceAll('_', '-'), value, `$${name}`)
  }
}
