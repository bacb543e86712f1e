// worker_class → how many requests a worker has at the same time, and by which interface.
import type { Context } from './context.ts'

/** Threads in the place of greenlets, of which there may be thousands. */
const THREADS_MAX = 64

/** What kind of worker it is. */
export type WorkerKind = 'sync' | 'threads' | 'greenlets' | 'asgi' | 'other'

/** The kinds of workers by the names that gunicorn and others give them. */
const KINDS: readonly (readonly [WorkerKind, RegExp])[] = [
  ['asgi', /^asgi$|uvicorn|ASGIWorker$/],
  ['sync', /^sync$|SyncWorker$/],
  ['threads', /^gthread$|ThreadWorker$/],
  ['greenlets', /^(?:gevent|eventlet)|(?:Gevent|Eventlet|PyWSGI)\w*$/i],
]

/** A worker. */
export interface WorkerPlan {
  readonly kind: WorkerKind
  /** Requests at the same time. */
  readonly threads: number
}

/** @param key of the mount */
export function workerOf({ settings, report }: Context, key: string): WorkerPlan {
  const given = settings.take('worker_class')
  const wanted = settings.take('threads')
  const connections = settings.take('worker_connections')
  const name = String(given?.value ?? 'sync')
  const threads = Math.max(1, (wanted?.value as number | undefined) ?? 1)
  const named = KINDS.find(([, pattern]) => pattern.test(name))?.[0] ?? 'other'
  // As gunicorn has it.
  const kind = named === 'sync' && threads > 1 ? 'threads' : named
  const to = ['mounts', key, 'threads']
  if (kind === 'greenlets') {
    const most = (connections?.value as number | undefined) ?? 1000
    const count = Math.min(Math.max(most, 1), THREADS_MAX)
    const note = `${count} threads in the place of greenlets: an app that needs those has to patch itself (monkey.patch_all())`
    report.changed(given!.place, given!.written, to, note)
    if (connections) report.changed(connections.place, connections.written, to, `${count} threads, each for a request`)
    if (wanted) report.left(wanted.place, wanted.written, 'greenlets have none in gunicorn either')
    return { kind, threads: count }
  }
  if (kind === 'asgi') {
    if (given) report.carried(given.place, given.written, ['mounts', key, 'asgi'])
    if (wanted) report.left(wanted.place, wanted.written, 'an ASGI app has its event loop')
    return { kind, threads: 1 }
  }
  if (connections) report.left(connections.place, connections.written, 'a listener bounds connections: connections')
  if (given && kind === 'other') {
    const why = `${name} is a class of its own: the app is run as by ${threads > 1 ? 'gthread' : 'sync'}`
    report.changed(given.place, given.written, to, why)
  } else if (given) report.carried(given.place, given.written, to)
  if (wanted) report.carried(wanted.place, wanted.written, to)
  return { kind, threads }
}
