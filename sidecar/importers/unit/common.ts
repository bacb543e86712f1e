// What applications of every type have: workers, their environment, and as whom they run.
import { resolve } from 'node:path'
import type { AppContext, Group } from './group.ts'

/** Seconds, as in Unit. */
const IDLE_TIMEOUT = 15

/** Where its files are. Undefined: Unit's own folder, which says nothing. */
export function folderOf({ app }: AppContext): string | undefined {
  return typeof app.working_directory === 'string' ? resolve('/', app.working_directory) : undefined
}

/** A path of the application, absolute. */
export function placedIn(context: AppContext, path: string): string {
  return resolve(folderOf(context) ?? '/', path)
}

/** @param requests what `limits.requests` is called: `maxRequests` of PHP, `recycle.requests` of all others */
export function commonSettings(context: AppContext, requests: string): Record<string, unknown> {
  const { app, name, told, to } = context
  const at = (...keys: string[]): string[] => ['applications', name, ...keys]
  const environment = app.environment as Record<string, string> | undefined
  for (const variable of Object.keys(environment ?? {})) told.carried(at('environment', variable), to('env'))
  const settings: Record<string, unknown> = {
    ...(environment && Object.keys(environment).length > 0 && { env: environment }),
    processes: processesOf(context),
  }
  const { timeout, start_timeout: start, requests: most, ...others } = (app.limits ?? {}) as Record<string, number>
  if (timeout !== undefined) {
    const status = requests === 'maxRequests' ? 502 : 504
    told.changed(at('limits', 'timeout'), to('requestTimeout'), `the client gets ${status}`)
    settings.requestTimeout = timeout
  }
  if (start !== undefined) {
    if (String(app.type).startsWith('external'))
      told.left(at('limits', 'start_timeout'), 'scripts of Node.js have no such limit')
    else {
      told.carried(at('limits', 'start_timeout'), to('startTimeout'))
      settings.startTimeout = start
    }
  }
  if (most !== undefined) {
    told.carried(at('limits', 'requests'), to(requests), 'the next process is ready before one ends')
    if (requests === 'maxRequests') settings.maxRequests = most
    else settings.recycle = { requests: most }
  }
  for (const limit of Object.keys(others)) told.left(at('limits', limit), 'it is about what Unit does by itself')
  const process = identityOf(context)
  if (process) settings.process = process
  if (app.isolation !== undefined)
    told.left(
      at('isolation'),
      'a service manager or a container isolates: PrivateTmp=, ProtectSystem=, NoNewPrivileges= of systemd',
    )
  for (const stream of ['stdout', 'stderr']) {
    if (app[stream] !== undefined) told.left(at(stream), 'what it prints is in the log')
  }
  return settings
}

function processesOf({ app, name, told, to }: AppContext): unknown {
  const path = ['applications', name, 'processes']
  const given = app.processes
  if (given === undefined) return 1
  if (typeof given === 'number') {
    told.carried(path, to('processes'))
    return Math.max(1, given)
  }
  const { max = 1, spare = 0, idle_timeout: idle = IDLE_TIMEOUT } = given as Record<string, number>
  told.changed(
    path,
    to('processes'),
    `${spare} stay when there is nothing to do; in Unit as many are always without work`,
  )
  return { min: Math.min(spare, max), max, idle }
}

function identityOf({ app, name, told, to }: AppContext): Group | undefined {
  const identity: Record<string, unknown> = {}
  for (const key of ['user', 'group']) {
    if (app[key] === undefined) continue
    identity[key] = app[key]
    told.carried(['applications', name, key], to(`process.${key}`))
  }
  return Object.keys(identity).length > 0 ? identity : undefined
}
