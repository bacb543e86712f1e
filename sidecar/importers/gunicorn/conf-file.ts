// A configuration file of gunicorn is a program: Python runs it, and says what it sets.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../../errors.ts'
import { readValue, shownValue, type Given } from './given.ts'
import { settingNamed, settings } from './settings.ts'

const READER = fileURLToPath(new URL('./read_conf.py', import.meta.url))

/** How long it may take, in milliseconds: one that asks a server for its settings waits as long as that does. */
const TIME_MAX = 30_000

/** What may be said by it. */
const OUTPUT_MAX = 16 * 1024 * 1024

/** What is to be run, and how. */
export interface ConfFile {
  /** Absolute, or `python:MODULE`; undefined: only the words of GUNICORN_CMD_ARGS are asked for. */
  readonly file: string | undefined
  /** Its name in reports. */
  readonly name: string
  /** The Python that the app uses. */
  readonly python: string
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** What it says. */
export interface ConfValues {
  readonly given: readonly Given[]
  /** Names at its top that hold values and are no settings. */
  readonly others: readonly { readonly name: string; readonly place: string }[]
  /** What it printed. */
  readonly printed: string
  /** GUNICORN_CMD_ARGS in words. */
  readonly words: readonly string[]
}

/** What read_conf.py answers. */
interface Answer {
  readonly settings: readonly { name: string; line: number; source: string; literal: boolean; value: unknown }[]
  readonly others: readonly { name: string; line: number }[]
  readonly args: readonly string[]
  readonly error: { args: boolean; text: string; line: number; traceback?: string } | null
}

/** @throws {ConfigError} IMPORT_MISSING: no Python; IMPORT_SYNTAX: what it raised, or a value that gunicorn refuses */
export async function runConfFile(conf: ConfFile): Promise<ConfValues> {
  const { file, name, environment } = conf
  const module = file?.startsWith('python:') ? file.slice('python:'.length) : undefined
  const asked = {
    file: module === undefined ? (file ?? null) : null,
    module: module ?? null,
    names: settings.map((setting) => setting.name),
    args: environment.GUNICORN_CMD_ARGS ?? null,
  }
  const { answer, printed } = await ask(conf, JSON.stringify(asked))
  const placeOf = (line: number): string => (line > 0 ? `${name}:${line}` : name)
  if (answer.error) {
    const { args, text, line, traceback } = answer.error
    const place = args ? 'GUNICORN_CMD_ARGS' : placeOf(line)
    throw new ConfigError('IMPORT_SYNTAX', place, `Python says ${text}`, traceback ? { cause: traceback } : {})
  }
  const given = answer.settings.map(({ name: setting, line, source, literal, value }): Given => {
    const known = settingNamed(setting)!
    const place = placeOf(line)
    return {
      setting: known,
      value: readValue(known, value, place),
      place,
      written: shownValue(known, value, source),
      computed: !literal && known.kind !== 'hook',
    }
  })
  const others = answer.others.map(({ name: other, line }) => ({ name: other, place: placeOf(line) }))
  return { given, others, printed, words: answer.args }
}

function ask(
  { python, cwd, environment, name }: ConfFile,
  asked: string,
): Promise<{ answer: Answer; printed: string }> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: { ...environment }, timeout: TIME_MAX, maxBuffer: OUTPUT_MAX, windowsHide: true }
    execFile(python, [READER, asked], options, (error, stdout, stderr) => {
      const wrong = (code: string, message: string): void =>
        reject(new ConfigError(code, name, message, stderr.trim() === '' ? {} : { cause: stderr }))
      if (error) {
        if (typeof error.code === 'string')
          return wrong('IMPORT_MISSING', `it is run by Python, and ${python} cannot be run: ${error.code}`)
        if (error.killed) return wrong('IMPORT_SYNTAX', `it did not end within ${TIME_MAX / 1000} s`)
        return wrong('IMPORT_SYNTAX', `Python ended with ${error.code ?? error.signal} while it was run`)
      }
      try {
        resolve({ answer: JSON.parse(stdout) as Answer, printed: stderr })
      } catch {
        wrong('IMPORT_SYNTAX', `${python} does not answer as Python does`)
      }
    })
  })
}
