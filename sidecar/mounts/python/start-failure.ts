// Why a Python app did not start, as an error of its mount's settings.
import { ConfigError } from '../../errors.ts'
import type { StartError } from '../../processes/start-error.ts'
import type { MountContext } from '../mount.ts'
import type { PythonPlace } from './app-settings.ts'
import { defaultPython } from './interpreter.ts'

/** The setting that is wrong where the code says one; that of the app else. */
const SETTINGS: ReadonlyMap<string, string> = new Map([
  ['PROCESS_ENVIRONMENT', 'env'],
  ['WORKER_NOT_READY', 'ready'],
  ['PYTHON_WRAP', 'wrap'],
  ['PYTHON_THREADS', 'threads'],
  ['ASGI_LOOP', 'loop'],
  ['ASGI_LIFESPAN', 'lifespan'],
])
/** Those of any worker, by what they are here; their messages do not name the app. */
const CODES: ReadonlyMap<string, string> = new Map([
  ['WORKER_START_TIMEOUT', 'PYTHON_START_TIMEOUT'],
  ['WORKER_START_DIED', 'PYTHON_START_DIED'],
  ['WORKER_NOT_READY', 'WORKER_NOT_READY'],
])

/** What of the settings does not work; the traceback is the cause. `kind`: the setting that names the app; `app`: what it says. */
export function startFailure(
  { code, message, detail }: StartError,
  kind: string,
  app: string,
  { interpreter, venv }: Pick<PythonPlace, 'interpreter' | 'venv'>,
  { path, platform }: Pick<MountContext, 'path' | 'platform'>,
): ConfigError {
  const options = detail === undefined ? {} : { cause: detail }
  if (code === 'WORKER_SPAWN') {
    const named = interpreter ?? venv
    const file = interpreter ?? (venv === undefined ? defaultPython(platform) : `the Python of ${venv}`)
    const text = `cannot run ${file} (${message}): install Python 3.8 or newer, or set interpreter or venv`
    const setting = named === undefined ? kind : interpreter ? 'interpreter' : 'venv'
    return new ConfigError('PYTHON_NOT_FOUND', `${path}.${setting}`, text)
  }
  const own = CODES.get(code)
  return new ConfigError(
    own ?? code,
    `${path}.${SETTINGS.get(code) ?? kind}`,
    own ? `${app}: ${message}` : message,
    options,
  )
}
