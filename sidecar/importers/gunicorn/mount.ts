// The app and its workers → the mount.
import { resolve } from 'node:path'
import type { AppEnvironment } from './environment.ts'
import type { Context } from './context.ts'
import type { Python } from './python.ts'
import { workerOf, type WorkerPlan } from './worker-class.ts'

/** What gunicorn has where nothing is set; sync workers are killed after that. */
const TIMEOUT = 30

/** The app, and where it is named. */
export interface NamedApp {
  /** `module:callable`, `module:factory()`, `module`; or with `paste` a file with `#name`. */
  readonly text: string
  readonly paste: boolean
  readonly place: string
  readonly written: string
}

/** The mount. */
export function mountOf(
  context: Context,
  app: NamedApp,
  { env, key }: AppEnvironment,
  python: Python,
): Record<string, unknown> {
  const worker = workerOf(context, key)
  const { report, cwd } = context
  const kind = worker.kind === 'asgi' ? 'asgi' : 'python'
  report.carried(app.place, app.written, ['mounts', key, kind], `in ${cwd}`)
  return {
    [kind]: targetOf(app, context),
    ...(python.venv !== undefined && { venv: python.venv }),
    cwd,
    ...pathOf(context, key),
    ...(Object.keys(env).length > 0 && { env }),
    ...countOf(context, key),
    ...(worker.threads > 1 && { threads: worker.threads }),
    ...(worker.kind === 'asgi' && asgiOf(context, key)),
    ...timesOf(context, key, worker),
    ...recycleOf(context, key),
    ...identityOf(context, key),
  }
}

/** What the worker for ASGI has beside. */
function asgiOf({ settings, report }: Context, key: string): Record<string, unknown> {
  const own: Record<string, unknown> = {}
  const carry = (name: string, to: readonly string[], value: (given: unknown) => unknown): void => {
    const given = settings.take(name)
    if (!given) return
    own[to[0]!] = value(given.value)
    report.carried(given.place, given.written, ['mounts', key, ...to])
  }
  carry('worker_connections', ['requests'], (value) => Math.max(1, Number(value)))
  carry('asgi_loop', ['loop'], (value) => value)
  carry('asgi_lifespan', ['lifespan'], (value) => value)
  carry('websocket_max_message_size', ['webSockets', 'maxMessage'], (maxMessage) => ({ maxMessage }))
  return own
}

function targetOf({ text, paste }: NamedApp, { start }: Context): string {
  if (paste) return resolve(start, text)
  return text.includes(':') ? text : `${text}:application`
}

function pathOf({ settings, report, cwd }: Context, key: string): Record<string, unknown> {
  const given = settings.take('pythonpath')
  if (!given || given.value === '') return {}
  report.carried(given.place, given.written, ['mounts', key, 'path'])
  // Each is put in front of the others.
  const path = String(given.value)
    .split(',')
    .map((folder) => resolve(cwd, folder.trim()))
  return { path: path.toReversed() }
}

function countOf({ settings, report, environment }: Context, key: string): Record<string, unknown> {
  const given = settings.take('workers')
  const fromEnvironment = given ? undefined : environment.WEB_CONCURRENCY
  const to = ['mounts', key, 'processes']
  if (fromEnvironment !== undefined) report.carried('environment WEB_CONCURRENCY', fromEnvironment, to)
  const workers = (given?.value as number | undefined) ?? Number(fromEnvironment ?? 1)
  if (given && workers === 0) report.changed(given.place, given.written, to, 'no workers serve nothing: there is one')
  else if (given?.computed) report.changed(given.place, given.written, to, `it came out as ${workers}, which stays so`)
  else if (given) report.carried(given.place, given.written, to)
  return { processes: Math.max(1, workers) }
}

function timesOf({ settings, report }: Context, key: string, { kind }: WorkerPlan): Record<string, unknown> {
  const times: Record<string, unknown> = {}
  const given = settings.take('timeout')
  const seconds = (given?.value as number | undefined) ?? TIMEOUT
  if (kind === 'sync') {
    if (seconds > 0) times.requestTimeout = seconds
    if (given) report.changed(given.place, given.written, ['mounts', key, 'requestTimeout'], 'the client gets 504')
  } else if (given) {
    const why = 'with such workers it is for one that hangs as a whole; requestTimeout bounds each request'
    report.left(given.place, given.written, why)
  }
  const grace = settings.take('graceful_timeout')
  if (grace) {
    times.stopTimeout = grace.value
    report.carried(grace.place, grace.written, ['mounts', key, 'stopTimeout'])
  }
  return times
}

function recycleOf({ settings, report }: Context, key: string): Record<string, unknown> {
  const most = settings.take('max_requests')
  const jitter = settings.take('max_requests_jitter')
  const recycle: Record<string, unknown> = {}
  const requests = (most?.value as number | undefined) ?? 0
  const at = (name: string): string[] => ['mounts', key, 'recycle', name]
  if (most) report.carried(most.place, most.written, at('requests'), requests === 0 ? 'never' : undefined)
  if (requests > 0) {
    recycle.requests = requests
    const share = Math.round((((jitter?.value as number | undefined) ?? 0) / requests) * 1000) / 1000
    recycle.jitter = Math.min(1, share)
    if (jitter && share > 1) report.changed(jitter.place, jitter.written, at('jitter'), 'at most as many again')
    else if (jitter) report.carried(jitter.place, jitter.written, at('jitter'))
  } else if (jitter) report.left(jitter.place, jitter.written, 'max_requests is not set')
  const touch = touchedFiles({ settings, report }, key)
  if (touch.length > 0) recycle.touch = touch
  return Object.keys(recycle).length > 0 ? { recycle } : {}
}

function touchedFiles({ settings, report }: Pick<Context, 'settings' | 'report'>, key: string): string[] {
  const given = settings.take('reload_extra_files')
  if (!given) return []
  const files = given.value as readonly string[]
  const reload = settings.take('reload')
  if (reload?.value !== true) {
    if (reload) report.left(reload.place, reload.written, 'it is off here too')
    report.left(given.place, given.written, 'reload is off')
    return []
  }
  report.left(reload.place, reload.written, reload.setting.note)
  const plain = files.filter((file) => !/[*?[]/.test(file)).map((file) => resolve(file))
  const note = plain.length < files.length ? 'without the patterns' : undefined
  if (plain.length === 0) report.left(given.place, given.written, 'patterns are not watched: name files')
  else if (note) report.changed(given.place, given.written, ['mounts', key, 'recycle', 'touch'], note)
  else report.carried(given.place, given.written, ['mounts', key, 'recycle', 'touch'])
  return plain
}

function identityOf({ settings, report }: Context, key: string): Record<string, unknown> {
  const identity: Record<string, unknown> = {}
  for (const name of ['user', 'group'] as const) {
    const given = settings.take(name)
    if (!given) continue
    identity[name] = /^[0-9]+$/.test(String(given.value)) ? Number(given.value) : given.value
    report.carried(given.place, given.written, ['mounts', key, 'process', name])
  }
  const mask = settings.take('umask')
  if (mask) {
    identity.umask = (mask.value as number).toString(8).padStart(3, '0')
    report.carried(mask.place, mask.written, ['mounts', key, 'process', 'umask'])
  }
  const groups = settings.take('initgroups')
  if (groups) report.carried(groups.place, groups.written, ['mounts', key, 'process'], 'so it is by itself')
  return Object.keys(identity).length > 0 ? { process: identity } : {}
}
