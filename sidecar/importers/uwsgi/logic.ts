// Blocks that uWSGI decides on as it reads: `for … endfor` has each option between them once for each word, `if-env … endif` only where it
// is so. uWSGI knows no block within a block: uwsgi_opt_logic of its sources.
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { isAbsolute, relative, resolve } from 'node:path'
import { ConfigError } from '../../errors.ts'
import { glob } from '../glob.ts'
import { sourceText } from '../source-text.ts'

/** What a block may ask. */
export interface LogicSurroundings {
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The value of an option that was read before. */
  optionCalled(name: string): string | undefined
  isPluginLoaded(name: string): boolean
}

/** What an option in a block is told for: a word for each time, which `%(_)` stands for; none: never. */
type Words = readonly string[]

type Decide = (argument: string, about: LogicSurroundings) => Words | Promise<Words>

/** More is a slip. */
const TIMES_MAX = 10_000

const once = (holds: boolean, word: string): Words => (holds ? [word] : [])

/** `NAME` that is there, or `NAME=VALUE` that is so; `%(_)` is the value. */
function named(value: (name: string, about: LogicSurroundings) => string | undefined, wanted: boolean): Decide {
  return (argument, about) => {
    const equals = argument.indexOf('=')
    const found = value(equals < 0 ? argument : argument.slice(0, equals), about)
    const holds = found !== undefined && (equals < 0 || found === argument.slice(equals + 1))
    return once(holds === wanted, found ?? '')
  }
}

function onDisk(test: (path: string) => Promise<boolean>, wanted: boolean): Decide {
  return async (argument, { cwd }) => once((await test(resolve(cwd, argument))) === wanted, argument)
}

function plainly(test: (argument: string, about: LogicSurroundings) => boolean, wanted: boolean): Decide {
  return (argument, about) => once(test(argument, about) === wanted, argument)
}

const exists = (path: string): Promise<boolean> =>
  access(path, constants.R_OK).then(
    () => true,
    () => false,
  )
const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
const environment = (name: string, about: LogicSurroundings): string | undefined => about.environment[name]
const option = (name: string, about: LogicSurroundings): string | undefined => about.optionCalled(name)
const plugin = (name: string, about: LogicSurroundings): boolean => about.isPluginLoaded(name)
const host = (name: string): boolean => name === hostname()
const hostFits = (pattern: string): boolean => new RegExp(pattern).test(hostname())

async function found(pattern: string, { cwd }: LogicSurroundings): Promise<Words> {
  const files = await glob(resolve(cwd, pattern))
  // As glob(3) has it when nothing fits (GLOB_NOCHECK).
  if (files.length === 0) return [pattern]
  return isAbsolute(pattern) ? files : files.map((file) => relative(cwd, file))
}

const BLOCKS: Readonly<Record<string, Decide>> = {
  for: (argument) => argument.split(' ').filter((word) => word !== ''),
  'for-glob': found,
  'for-times': (argument) =>
    Array.from({ length: Math.min(TIMES_MAX, Math.max(0, Number.parseInt(argument, 10) || 0)) }, (_, index) =>
      String(index + 1),
    ),
  'for-readline': async (argument, { cwd }) => (await sourceText(argument, cwd)).replace(/\n$/, '').split('\n'),
  'if-env': named(environment, true),
  ifenv: named(environment, true),
  'if-not-env': named(environment, false),
  'if-opt': named(option, true),
  'if-not-opt': named(option, false),
  'if-exists': onDisk(exists, true),
  ifexists: onDisk(exists, true),
  'if-not-exists': onDisk(exists, false),
  'if-file': onDisk(isFile, true),
  'if-not-file': onDisk(isFile, false),
  'if-dir': onDisk(isFolder, true),
  ifdir: onDisk(isFolder, true),
  'if-directory': onDisk(isFolder, true),
  'if-not-dir': onDisk(isFolder, false),
  'if-plugin': plainly(plugin, true),
  ifplugin: plainly(plugin, true),
  'if-not-plugin': plainly(plugin, false),
  'if-hostname': plainly(host, true),
  'if-not-hostname': plainly(host, false),
  'if-hostname-match': plainly(hostFits, true),
  'if-not-hostname-match': plainly(hostFits, false),
  'if-reload': plainly(() => false, true),
  'if-not-reload': plainly(() => true, true),
}

const ENDS = new Set(['end', 'endfor', 'endif', 'end-if', 'end-for'])

/** The options that begin or end a block. */
export const logicNames: readonly string[] = [...Object.keys(BLOCKS), ...ENDS]

/** The blocks of one run. */
export class Logic {
  readonly #about: LogicSurroundings
  #open: { readonly key: string; readonly argument: string; readonly decide: Decide } | undefined

  constructor(about: LogicSurroundings) {
    this.#about = about
  }

  /**
   * Takes an option that begins or ends a block.
   * @returns false: it is none of them
   * @throws {ConfigError} IMPORT_SYNTAX for a block in a block, and for `else`
   */
  take(key: string, value: string, place: string): boolean {
    if (ENDS.has(key)) {
      this.#open = undefined
      return true
    }
    if (key === 'else')
      throw new ConfigError(
        'IMPORT_SYNTAX',
        place,
        'no uWSGI that was released knows else: write a block of its own, such as if-not-env',
      )
    const decide = Object.hasOwn(BLOCKS, key) ? BLOCKS[key] : undefined
    if (!decide) return false
    if (this.#open)
      throw new ConfigError(
        'IMPORT_SYNTAX',
        place,
        `${key} stands between ${this.#open.key} and its end: uWSGI takes no block within a block`,
      )
    this.#open = { key, argument: value, decide }
    return true
  }

  /** The block that is open, as it is written, without a value that it asks for. */
  get block(): string {
    if (!this.#open) return ''
    const { key, argument } = this.#open
    return `${key} = ${argument.replace(/=.*/s, '=…')}`
  }

  /** The values with which an option counts. @throws {ConfigError} IMPORT_MISSING, IMPORT_SYNTAX */
  async valuesOf(value: string, place: string): Promise<readonly string[]> {
    if (!this.#open) return [value]
    const { key, argument, decide } = this.#open
    let words: Words
    try {
      words = await decide(argument, this.#about)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      throw new ConfigError('IMPORT_SYNTAX', place, `${key} = ${argument}: ${error.message}`)
    }
    return words.map((word) => value.replaceAll('%(_)', () => word))
  }
}
