// An application of type python → a `python` mount.
import { resolve } from 'node:path'
import type { AppContext, Group } from './group.ts'
import { commonSettings, folderOf } from './common.ts'
import { Refused } from './refused.ts'
import type { Site } from './target.ts'
import { withoutTrailing } from '../../trailing.ts'

/** The `prefix` of an application or target: SCRIPT_NAME below it. */
export function scriptOf({ prefix }: Group): string {
  return typeof prefix === 'string' ? withoutTrailing(prefix, '/') : ''
}

/** @throws {Refused} without a module */
export function pythonMount(context: AppContext, { base }: Site): Readonly<Record<string, unknown>> {
  const { app, name, part, told, to } = context
  const own = part === undefined ? app : ((app.targets as Group)[part] as Group)
  const at = (key: string): string[] =>
    part === undefined || own[key] === undefined
      ? ['applications', name, key]
      : ['applications', name, 'targets', part, key]
  const { module, callable = 'application', factory } = own
  if (typeof module !== 'string') throw new Refused(`${at('module').join('.')} is not there`)
  const kind = (own.protocol ?? app.protocol) === 'asgi' ? 'asgi' : 'python'
  told.carried(at('module'), to(kind))
  for (const key of ['callable', 'factory']) if (own[key] !== undefined) told.carried(at(key), to(kind))
  if (own.prefix !== undefined) told.changed(at('prefix'), ['mounts', to('')[1]!], 'what is not below it is 404')
  if (own.protocol !== undefined || app.protocol !== undefined) told.carried(at('protocol'), to(kind))
  return {
    [kind]: `${module}:${String(callable)}${factory === true ? '()' : ''}`,
    ...interpreter(context),
    ...folders(context),
    ...(base !== '' && { keepPrefix: true }),
    ...threads(context, kind),
    ...commonSettings(context, 'recycle.requests'),
  }
}

function interpreter({ app, name, told, to }: AppContext): Record<string, unknown> {
  const version = String(app.type).split(' ')[1]
  if (typeof app.home === 'string') {
    told.carried(['applications', name, 'home'], to('venv'))
    return { venv: resolve(String(app.working_directory ?? '/'), app.home) }
  }
  return version?.includes('.') ? { interpreter: `python${version}` } : {}
}

function folders(context: AppContext): Record<string, unknown> {
  const { app, name, told, to } = context
  const cwd = folderOf(context)
  const path = [app.path ?? []].flat().map((folder) => resolve(cwd ?? '/', String(folder)))
  if (cwd !== undefined) told.carried(['applications', name, 'working_directory'], to('cwd'))
  if (app.path !== undefined) told.carried(['applications', name, 'path'], to('path'))
  const [first] = path
  // The folder of the configuration is none of Unit's: the app's own is.
  return { ...(path.length > 0 && { path }), ...((cwd ?? first) !== undefined && { cwd: cwd ?? first }) }
}

function threads({ app, name, told, to }: AppContext, kind: string): Record<string, unknown> {
  if (app.thread_stack_size !== undefined)
    told.left(
      ['applications', name, 'thread_stack_size'],
      'threads have the stack that Python gives them: threading.stack_size()',
    )
  if (app.threads === undefined) return {}
  if (kind === 'asgi') {
    told.left(['applications', name, 'threads'], 'an ASGI app has its event loop')
    return {}
  }
  told.carried(['applications', name, 'threads'], to('threads'))
  return { threads: app.threads }
}
