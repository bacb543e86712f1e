// Which Python runs the workers, where, and with what environment: the command that starts worker.py beside this file.
import { stat } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../../errors.ts'
import { programEnvironment } from '../../processes/environment.ts'
import type { Command } from '../../processes/process.ts'
import type { MountContext } from '../mount.ts'
import type { PythonSettings } from './settings.ts'

const WORKER = fileURLToPath(new URL('./worker.py', import.meta.url))
const windows = process.platform === 'win32'

/**
 * The command that runs a worker, or looks at the app without importing it.
 * @throws {ConfigError} PYTHON_CWD, PYTHON_VENV, PYTHON_PATH when a folder named is not there; PYTHON_TWICE.
 */
export async function pythonCommand(
  does: 'serve' | 'check',
  settings: PythonSettings,
  context: MountContext,
): Promise<Command> {
  const { python, threads, processes, stopTimeout, env: own } = settings
  const at = (setting: string): string => `${context.path}.${setting}`
  const cwd = resolve(context.directory, settings.cwd ?? '.')
  await demandFolder(cwd, 'PYTHON_CWD', at('cwd'), 'the working directory')
  const folders = typeof settings.path === 'string' ? [settings.path] : (settings.path ?? [])
  const path = folders.map((folder) => resolve(context.directory, folder))
  for (const folder of path) await demandFolder(folder, 'PYTHON_PATH', at('path'), 'the folder for sys.path')

  let file = windows ? 'python' : 'python3'
  const env = programEnvironment(own)
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
      const message = `${venv} is no virtual environment: ${file} is not there (python3 -m venv ${venv} makes one)`
      throw new ConfigError('PYTHON_VENV', at('venv'), message)
    }
    // As its `activate` has it.
    env.VIRTUAL_ENV = venv
    env.PATH = `${bin}${delimiter}${env.PATH ?? ''}`
    delete env.PYTHONHOME
  } else if (settings.interpreter !== undefined) {
    const named = settings.interpreter
    file = /[\\/]/.test(named) ? resolve(context.directory, named) : named
  }
  const options = [
    `threads=${threads}`,
    `processes=${processes}`,
    `stop=${stopTimeout}`,
    ...path.map((p) => `path=${p}`),
  ]
  return { file, args: [WORKER, does, python, ...options], cwd, env }
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
