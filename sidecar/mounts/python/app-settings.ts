// The settings that every mount of a Python app has: which Python, and where.
import * as v from 'valibot'
import { environmentSetting } from '../../processes/environment-setting.ts'
import { processesSchema } from '../worker-settings.ts'

/** How many worker processes. */
export const processesEntry = {
  processes: v.pipe(
    v.optional(processesSchema, 1),
    v.description(
      'Worker processes: a number, or { min, max, idle }: one more starts when requests wait, one ends after `idle` seconds (60) without a request; min 0 leaves none.',
    ),
  ),
}

const folders = 'Folders to put on sys.path, before the working directory.'

/** The entries. */
export const pythonEntries = {
  venv: v.pipe(v.optional(v.string()), v.description('A virtual environment, whose Python and packages are used.')),
  path: v.pipe(v.optional(v.union([v.string(), v.array(v.string())])), v.description(folders)),
  env: v.pipe(
    v.optional(environmentSetting, {}),
    v.description('Environment variables of the workers, over those of the gateway.'),
  ),
  cwd: v.pipe(v.optional(v.string()), v.description('The working directory of the workers; it is on sys.path.')),
  interpreter: v.pipe(
    v.optional(v.string()),
    v.description('The Python to run, 3.8 or newer. Default: that of venv, else python3, on Windows python.'),
  ),
}

const place = v.strictObject(pythonEntries)

/** What they say. */
export type PythonPlace = v.InferOutput<typeof place>
