// Which Python runs the workers, where, and with what environment: the command that starts worker.py beside this file.
import { stat } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../../errors.ts'
import { isWindows } from '../../file-names.ts'
import { Identity, type IdentityOptions } from '../../processes/identity.ts'
import type { Command } from '../../processes/process.ts'
import { findProgram, isPlaced } from '../../processes/program.ts'
import type { MountContext } from '../mount.ts'
import type { PythonPlace } from './app-settings.ts'

const WORKER = fileURLToPath(new URL('./worker.py', import.meta.url))

/** Node.js passes on the first 255 descriptors: two a thread, two of the control channel, and three standard streams. */
const THREADS_WINDOWS = 125

/** What runs workers when nothing is set. */
export function defaultPython(platform?: NodeJS.Platform): string {
  return isWindows(platform) ? 'python' : 'python3'
}

/** What a worker is to do. */
export interface PythonTask {
  /** The setting that names the app. */
  readonly kind: 'python' | 'asgi'
  readonly app: string
  /** As worker.py has it; `check` looks at the app without importing it. */
  readonly does: 'serve' | 'asgi' | 'check'
  /** NAME=VALUE, beside those that are the same for all. */
  readonly options: readonly string[]
}

/** @throws {ConfigError} PYTHON_THREADS where a worker cannot have so many */
export function demandThreads(threads: number, { path, platform }: MountContext): void {
  if (!isWindows(platform) || threads <= THREADS_WINDOWS) return
  const message = `a worker has ${THREADS_WINDOWS} threads at most on Windows, which lets a process inherit 255 files: set more processes, and fewer threads`
  throw new ConfigError('PYTHON_THREADS', `${path}.threads`, message)
}

/** What every worker is told of its mount. */
export interface TaskSettings extends PythonPlace {
  readonly wrap: readonly string[]
  readonly stopTimeout: number
  readonly keepPrefix: boolean
  readonly process?: IdentityOptions['process']
  readonly clearEnv?: boolean | undefined
}

/**
 * The command that runs a worker, or looks at the app without importing it.
 * @throws {ConfigError} PYTHON_CWD, PYTHON_VENV, PYTHON_PATH when a folder named is not there; PYTHON_TWICE; PYTHON_NOT_FOUND for a
 * batch file of Windows; those of Identity.
 */
export async function pythonCommand(
  { kind, app, does, options: more }: PythonTask,
  settings: TaskSettings,
  context: MountContext,
): Promise<Command> {
  const { stopTimeout, env: own } = settings
  const { platform } = context
  const windows = isWindows(platform)
  const at = (setting: string): string => `${context.path}.${setting}`
  const cwd = resolve(context.directory, settings.cwd ?? '.')
  await demandFolder(cwd, 'PYTHON_CWD', at('cwd'), 'the working directory')
  const folders = typeof settings.path === 'string' ? [settings.path] : (settings.path ?? [])
  const path = folders.map((folder) => resolve(context.directory, folder))
  for (const folder of path) await demandFolder(folder, 'PYTHON_PATH', at('path'), 'the folder for sys.path')

  let file = defaultPython(platform)
  const identity = new Identity(settings, context.path, platform)
  const env = identity.environment(own)
  if (settings.venv !== undefined) {
    if (settings.interpreter !== undefined) {
      throw new ConfigError(
        'PYTHON_TWICE',
        at('interpreter'),
        'venv has its own Python: give venv or interpreter, not both',
      )
    }
    const venv = resolve(context.directory, settings.venv)
    const bin = join(venv, windows ? 'Scripts' : 'bin')
    file = join(bin, windows ? 'python.exe' : 'python')
    if (!(await exists(file))) {
      const message = `${venv} is no virtual environment: ${file} is not there (${defaultPython(platform)} -m venv ${venv} makes one)`
      throw new ConfigError('PYTHON_VENV', at('venv'), message)
    }
    // As its `activate` has it.
    env.VIRTUAL_ENV = venv
    env.PATH = `${bin}${delimiter}${env.PATH ?? ''}`
    delete env.PYTHONHOME
  } else if (settings.interpreter !== undefined) {
    const named = settings.interpreter
    file = isPlaced(named, platform) ? resolve(context.directory, named) : named
  }
  // pyenv has such in the place of Python; the system would say that there is no program, or no more than EINVAL.
  const found = windows ? findProgram(file, { directory: cwd, path: env.PATH ?? '', platform }) : undefined
  if (found?.batch) {
    const message = `${file} is ${found.file}, a batch file: name the python.exe that it starts in interpreter, or set venv`
    throw new ConfigError('PYTHON_NOT_FOUND', at(settings.interpreter === undefined ? kind : 'interpreter'), message)
  }
  const options = [
    ...more,
    `stop=${stopTimeout}`,
    `gateway=${process.pid}`,
    ...(context.source ? ['sources=1'] : []),
    ...(settings.keepPrefix ? ['prefix=1'] : []),
    ...path.map((p) => `path=${p}`),
    ...settings.wrap.map((one) => `wrap=${one}`),
  ]
  return identity.wrap({ file, args: [WORKER, does, app, ...options], cwd, env }, cwd)
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

async function demandFolder(path: string, code: string, setting: string, what: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isDirectory()) {
    throw new ConfigError(code, setting, `${what} ${path} is ${found ? 'not a folder' : 'not there'}`)
  }
}
