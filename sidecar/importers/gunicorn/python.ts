// Which Python an app of gunicorn runs with: that beside the gunicorn that was typed, or of the virtual environment that is active.
import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** A Python. */
export interface Python {
  /** The program. */
  readonly program: string
  /** Absolute; undefined: it is that of the system. */
  readonly venv: string | undefined
}

/** Whether a word starts gunicorn: `gunicorn`, `/srv/venv/bin/gunicorn`. */
export function isGunicorn(word: string | undefined): boolean {
  return word !== undefined && /^gunicorn(?:\.exe|3)?$/.test(basename(word))
}

/** @param program as typed, undefined where only its words were */
export function pythonOf(
  program: string | undefined,
  cwd: string,
  environment: Readonly<Record<string, string | undefined>>,
): Python {
  const beside = program?.includes('/') ? dirname(dirname(resolve(cwd, program))) : undefined
  const venv = [beside, environment.VIRTUAL_ENV].find(
    (folder): folder is string => folder !== undefined && existsSync(join(folder, 'pyvenv.cfg')),
  )
  if (venv === undefined) return { program: 'python3', venv }
  return { program: join(resolve(cwd, venv), 'bin', 'python'), venv: resolve(cwd, venv) }
}
