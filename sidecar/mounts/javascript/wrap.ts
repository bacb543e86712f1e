// Middleware round an app with the WSGI interface, as PEP 3333 means it: a function that is given an app and gives one.
import { ConfigError } from '../../errors.ts'
import { nameOf } from '../../interface/chunk.ts'
import type { Application } from '../../interface/types.ts'
import { messageOf } from '../../thrown.ts'
import { loadTarget } from '../load.ts'
import type { MountContext } from '../mount.ts'

/** One of them as it is written: a module, or a group with the module as its one key. */
export type Wrap = string | Readonly<Record<string, unknown>>

/** Its module, and what else it is called with. @throws {ConfigError} WRAP_SHAPE */
export function wrapOf(wrap: Wrap, path: string): { target: string; settings: unknown } {
  if (typeof wrap === 'string') return { target: wrap, settings: undefined }
  const [target, ...others] = Object.keys(wrap)
  if (target !== undefined && others.length === 0) return { target, settings: wrap[target] }
  const message = 'is a module, or a group with the module as its one key, such as { "./limit.ts": { most: 5 } }'
  throw new ConfigError('WRAP_SHAPE', path, message)
}

/**
 * Puts one round an app.
 * @param setting its place among the settings of the mount
 * @param timeout milliseconds the module may take to load
 * @throws {ConfigError} WRAP_SHAPE, WRAP_RAISED, and those of loadTarget
 */
export async function wrapped(
  app: Application,
  wrap: Wrap,
  setting: string,
  context: MountContext,
  timeout: number,
): Promise<Application> {
  const path = `${context.path}.${setting}`
  const { target, settings } = wrapOf(wrap, path)
  const { exported } = await loadTarget(target, context, ['middleware'], { setting, timeout })
  if (typeof exported !== 'function')
    throw new ConfigError('WRAP_SHAPE', path, `${target} exports ${nameOf(exported)}, not a function (app)`)
  let made: unknown
  try {
    made = await (exported as (app: Application, settings?: unknown) => unknown)(app, settings)
  } catch (error) {
    throw new ConfigError('WRAP_RAISED', path, `${target} raised: ${messageOf(error)}`, { cause: error })
  }
  if (typeof made === 'function') return made as Application
  throw new ConfigError('WRAP_SHAPE', path, `${target} gave ${nameOf(made)}, not an app (environ, startResponse)`)
}
