// gunicorn: a configuration file, which is a program in Python, and a command line over it.
import { existsSync, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { ConfigError } from '../../errors.ts'
import type { Imported, Importer, ImportSource } from '../importer.ts'
import { ImportReport } from '../report.ts'
import { readCommandLine, type CommandLine } from './command-line.ts'
import { runConfFile, type ConfValues } from './conf-file.ts'
import type { Context } from './context.ts'
import { environmentOf } from './environment.ts'
import { listenersOf } from './listeners.ts'
import { logOf } from './log.ts'
import { Merged } from './merged.ts'
import { mountOf, type NamedApp } from './mount.ts'
import { isGunicorn, pythonOf } from './python.ts'
import { nearestSetting } from './settings.ts'

/** Lines that it prints which are told. */
const PRINTED_MAX = 5

/** The file that gunicorn reads unless another is named. */
const DEFAULT_FILE = 'gunicorn.conf.py'

export const gunicorn: Importer = {
  name: 'gunicorn',
  read({ file, words, cwd, environment }: ImportSource): Promise<Imported> {
    demandFile(file, cwd)
    return importGunicorn({ file, words, place: 'command line', cwd, environment })
  },
}

/** How gunicorn is started. */
export interface GunicornStart {
  /** Undefined: what the words name, or the gunicorn.conf.py of the folder where there is one. */
  readonly file: string | undefined
  /** Its command line; the name of the program may stand in front. */
  readonly words: readonly string[]
  /** Where the words stand, for reports: `Procfile:2`. */
  readonly place: string
  /** The folder where it is started. Absolute. */
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** What serves as such a gunicorn does. @throws {ConfigError} IMPORT_MISSING, IMPORT_SYNTAX */
export async function importGunicorn({ file, words, place, cwd, environment }: GunicornStart): Promise<Imported> {
  const program = isGunicorn(words[0]) ? words[0] : undefined
  const line = readCommandLine(program === undefined ? words : words.slice(1), place)
  const conf = confOf(file, line, cwd)
  const python = pythonOf(program, cwd, environment)
  const run = { file: conf?.file, name: conf?.name ?? place, python: python.program, cwd, environment }
  const values: ConfValues =
    conf === undefined && environment.GUNICORN_CMD_ARGS === undefined
      ? { given: [], others: [], printed: '', words: [] }
      : await runConfFile(run)
  const fromEnvironment = readCommandLine(values.words, 'GUNICORN_CMD_ARGS')
  const report = new ImportReport()
  const settings = new Merged([values.given, fromEnvironment.given, line.given], report)
  settings.take('config')
  told(values, run.name, report)
  const chdir = settings.take('chdir')
  const context: Context = {
    settings,
    report,
    environment,
    start: cwd,
    cwd: resolve(cwd, chdir === undefined ? '.' : String(chdir.value)),
  }
  const app = appOf(context, line, place, run.name)
  const appEnvironment = environmentOf(context)
  const { key } = appEnvironment
  if (chdir) report.carried(chdir.place, chdir.written, ['mounts', key, 'cwd'])
  const listen = listenersOf(context)
  const mount = mountOf(context, app, appEnvironment, python)
  const config = {
    listen,
    log: logOf(context),
    ...(typeof mount.stopTimeout === 'number' && { drainTimeout: mount.stopTimeout }),
    mounts: { [key]: mount },
  }
  for (const { setting, place: at, written, value } of settings.rest()) {
    const why = value === false && setting.kind === 'flag' ? 'it is off here too' : setting.note
    report.left(at, written, why)
  }
  return { config, report }
}

/** @throws {ConfigError} IMPORT_MISSING: there is none, or Python would read from it without end */
function demandFile(file: string, cwd: string): void {
  const found = statSync(resolve(cwd, file), { throwIfNoEntry: false })
  if (!found) throw new ConfigError('IMPORT_MISSING', file, 'there is no such file')
  if (!found.isFile()) throw new ConfigError('IMPORT_MISSING', file, 'it is no file')
}

/** The file that counts. @throws {ConfigError} IMPORT_SYNTAX for two */
function confOf(
  file: string | undefined,
  { given }: CommandLine,
  cwd: string,
): { file: string; name: string } | undefined {
  const other = given.find(({ setting }) => setting.name === 'config')
  const named = other === undefined ? undefined : String(other.value).replace(/^file:/, '')
  if (file !== undefined && named !== undefined && resolve(cwd, file) !== resolve(cwd, named))
    throw new ConfigError(
      'IMPORT_SYNTAX',
      other!.place,
      `-c names ${named}, and what is imported is ${file}: leave one out`,
    )
  const wanted = file ?? named ?? (existsSync(resolve(cwd, DEFAULT_FILE)) ? DEFAULT_FILE : undefined)
  if (wanted === undefined) return undefined
  if (wanted.startsWith('python:')) return { file: wanted, name: wanted }
  demandFile(wanted, cwd)
  return { file: resolve(cwd, wanted), name: wanted }
}

/** What the file printed, and the names in it that are no settings. */
function told({ printed, others }: ConfValues, name: string, report: ImportReport): void {
  const lines = printed.split(/\r?\n/).filter((text) => text.trim() !== '')
  for (const text of lines.slice(0, PRINTED_MAX)) report.left(name, 'what it prints', text)
  if (lines.length > PRINTED_MAX) report.left(name, 'what it prints', `${lines.length - PRINTED_MAX} more lines`)
  for (const other of others) {
    const meant = nearestSetting(other.name)
    const hint = meant === undefined ? '' : `; is it ${meant}?`
    report.left(other.place, other.name, `gunicorn has no such setting, and takes no notice of it${hint}`)
  }
}

/** @throws {ConfigError} IMPORT_SYNTAX when there is none */
function appOf({ settings, report }: Context, line: CommandLine, place: string, name: string): NamedApp {
  const paste = settings.take('paste')
  const own = settings.take('wsgi_app')
  for (const word of line.rest) report.left(place, word, 'gunicorn takes one app')
  if (paste) {
    if (own) report.left(own.place, own.written, 'paste says otherwise, which counts')
    return { text: String(paste.value), paste: true, place: paste.place, written: paste.written }
  }
  if (line.app !== undefined) {
    if (own) report.left(own.place, own.written, `${place} says otherwise, which counts`)
    return { text: line.app, paste: false, place, written: line.app }
  }
  if (own) return { text: String(own.value), paste: false, place: own.place, written: own.written }
  const message = `no app is named: set wsgi_app in it, or import it with the command line behind it: sidegate import gunicorn ${basename(name)} module:callable`
  throw new ConfigError('IMPORT_SYNTAX', name, message)
}
