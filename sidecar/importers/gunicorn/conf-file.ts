// A configuration file of gunicorn is a program: Python runs it, and says what it sets.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../../errors.ts'
import { readValue, shownValue, type Given } from './given.ts'
import { settingNamed, settings } from './settings.ts'

const READER = fileURLToPath(new URL('./read_conf.py', import.meta.url))

/** How long it may take, in milliseconds: one that asks a server for its settings waits as long as that does. */
const TIME_MAX = 30_000

/** How long what it has printed is waited for once it has ended, in milliseconds: what it has started may hold on to that. */
const REST_MAX = 1000

/** Of what it has printed so much is shown beside an error. */
const SHOWN_MAX = 4000

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

async function ask(conf: ConfFile, asked: string): Promise<{ answer: Answer; printed: string }> {
  const { python, name } = conf
  const { ended, answered, printed } = await runReader(conf, [READER, asked])
  const wrong = (code: string, message: string): ConfigError =>
    new ConfigError(code, name, message, printed.trim() === '' ? {} : { cause: printed.slice(0, SHOWN_MAX) })
  if ('failed' in ended)
    throw wrong('IMPORT_MISSING', `it is run by Python, and ${python} cannot be run: ${ended.failed}`)
  if ('late' in ended) throw wrong('IMPORT_SYNTAX', `it did not end within ${TIME_MAX / 1000} s`)
  if ('loud' in ended) throw wrong('IMPORT_SYNTAX', `it prints more than ${OUTPUT_MAX / 1024 / 1024} MB`)
  if (ended.how !== 0) throw wrong('IMPORT_SYNTAX', `Python ended with ${ended.how} while it was run`)
  try {
    return { answer: JSON.parse(answered) as Answer, printed }
  } catch {
    throw wrong('IMPORT_SYNTAX', `it ended ${python}, or that does not answer as Python does`)
  }
}

/** How a run came to its end. */
type Ended =
  | { readonly failed: string }
  | { readonly late: true }
  | { readonly loud: true }
  | { readonly how: number | string }

/** Runs Python. It counts as ended when it ends itself: what the file has started may live on, and hold on to its output. */
function runReader(
  { python, cwd, environment }: ConfFile,
  words: readonly string[],
): Promise<{ ended: Ended; answered: string; printed: string }> {
  return new Promise((resolve) => {
    const child = spawn(python, words, {
      cwd,
      env: { ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    })
    const parts: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] }
    let size = 0
    let given: Ended | undefined
    const end = (ended: Ended): void => {
      given ??= ended
      child.kill('SIGKILL')
    }
    const finish = (ended: Ended): void => {
      clearTimeout(timer)
      child.stdout.destroy()
      child.stderr.destroy()
      const text = (of: 'stdout' | 'stderr'): string => Buffer.concat(parts[of]).toString()
      resolve({ ended: given ?? ended, answered: text('stdout'), printed: text('stderr') })
    }
    const timer = setTimeout(() => end({ late: true }), TIME_MAX)
    for (const of of ['stdout', 'stderr'] as const) {
      child[of].on('data', (part: Buffer) => {
        size += part.length
        if (size > OUTPUT_MAX) end({ loud: true })
        else parts[of].push(part)
      })
    }
    child.on('error', (error: NodeJS.ErrnoException) => finish({ failed: error.code ?? error.message }))
    child.on('exit', (code, signal) => {
      const ended: Ended = { how: code ?? signal ?? 'nothing' }
      child.on('close', () => finish(ended))
      // What it has printed is there by then.
      setTimeout(() => finish(ended), REST_MAX).unref()
    })
  })
}
