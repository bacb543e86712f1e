// The log of gunicorn → `log`.
import { resolve } from 'node:path'
import type { Context } from './context.ts'
import type { Given } from './given.ts'

/** What gunicorn writes unless it is told otherwise: the combined format. */
const COMBINED = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'

const LEVELS: Readonly<Record<string, string>> = {
  debug: 'info',
  info: 'info',
  warning: 'warn',
  error: 'error',
  critical: 'error',
}

/** The group `log`. */
export function logOf(context: Context): Record<string, unknown> {
  const { settings, report } = context
  const access = settings.take('accesslog')
  const errors = settings.take('errorlog')
  const log: Record<string, unknown> = { access: access !== undefined && access.value !== '' }
  const file = fileOf(errors, context) ?? fileOf(access, context)
  if (file !== undefined) log.file = file
  if (errors) {
    const to = ['log', 'file']
    if (errors.value === '-') report.carried(errors.place, errors.written, to, 'standard error, unless log.file is set')
    else report.carried(errors.place, errors.written, to)
  }
  if (access) toldAccess(access, file, context)
  const format = formatOf(context)
  if (log.access === true && format !== undefined) log.format = format
  return { ...log, ...levelOf(context) }
}

function fileOf(given: Given | undefined, { start }: Context): string | undefined {
  const value = given?.value
  return typeof value === 'string' && value !== '-' && value !== '' ? resolve(start, value) : undefined
}

function toldAccess(access: Given, file: string | undefined, context: Context): void {
  const own = fileOf(access, context)
  const to = ['log', 'access']
  if (own === undefined && file === undefined) context.report.carried(access.place, access.written, to)
  else context.report.changed(access.place, access.written, to, `all records go to ${file}`)
}

/** Undefined: the records are those of Sidegate. */
function formatOf({ settings, report }: Context): string | undefined {
  const given = settings.take('access_log_format')
  if (!given || given.value === COMBINED) {
    if (given) report.carried(given.place, given.written, ['log', 'format'])
    return 'combined'
  }
  const why = 'formats are text, json and combined: json has all that a record knows, one object a line'
  report.left(given.place, given.written, why)
  return undefined
}

function levelOf({ settings, report }: Context): { level?: string } {
  const given = settings.take('loglevel')
  if (!given) return {}
  const level = LEVELS[String(given.value).toLowerCase()]
  if (level === undefined) {
    report.left(given.place, given.written, 'levels are info, warn and error')
    return {}
  }
  const note = level === given.value || level === 'warn' ? undefined : `the nearest is ${level}`
  report.carried(given.place, given.written, ['log', 'level'], note)
  return { level }
}
