// What the bench must show: ratios and differences between two rows, each with its bound.
import type { Measurement } from './load.ts'
import { BEFORE } from './row.ts'
import { paired, type Spread } from './statistics.ts'

/** Every measurement of one row, by round. */
export interface Series {
  readonly rounds: readonly Measurement[]
  /** At concurrency 1; empty where it is not measured. */
  readonly single: readonly Measurement[]
}

interface Target {
  readonly row: string
  readonly beside: string
  readonly what: 'requests/s' | 'p50 at concurrency 1'
  /** Ratios: at least; differences in microseconds: at most. Undefined: shown only. */
  readonly bound: number | undefined
}

/** A target and what was measured for it. */
export interface Finding extends Target {
  readonly measured: Spread
  readonly met: boolean | undefined
  /** For requests/s: the row's CPU time a request as a multiple of the other's. nginx and wrk take no part in it. */
  readonly cpu: Spread | undefined
}

const targets: readonly Target[] = [
  { row: 'sidegate-uwsgi', beside: 'bare-uwsgi', what: 'requests/s', bound: 0.85 },
  { row: 'sidegate-http', beside: 'node-http', what: 'requests/s', bound: 0.95 },
  { row: 'sidegate-fastcgi', beside: 'node-http', what: 'requests/s', bound: 1.15 },
  { row: 'sidegate-scgi', beside: 'sidegate-uwsgi', what: 'requests/s', bound: 0.95 },
  { row: 'sidegate-layer', beside: 'sidegate-http', what: 'requests/s', bound: undefined },
  { row: 'sidegate-layers', beside: 'sidegate-http', what: 'requests/s', bound: undefined },
  { row: 'sidegate-app-workers', beside: 'sidegate-uwsgi', what: 'requests/s', bound: undefined },
  { row: 'sidegate-node', beside: 'node-http', what: 'requests/s', bound: undefined },
  { row: 'sidegate-node-workers', beside: 'sidegate-node', what: 'requests/s', bound: undefined },
  { row: 'sidegate-node-workers', beside: 'node-cluster', what: 'requests/s', bound: undefined },
  { row: 'sidegate-upstream', beside: 'node-http', what: 'requests/s', bound: 0.8 },
  { row: 'bare-hop', beside: 'node-http', what: 'requests/s', bound: undefined },
  { row: 'sidegate-upstream', beside: 'bare-hop', what: 'requests/s', bound: undefined },
  { row: 'sidegate-python', beside: 'gunicorn-python', what: 'requests/s', bound: 1 },
  { row: 'sidegate-python-fastcgi', beside: 'gunicorn-python', what: 'requests/s', bound: undefined },
  { row: 'bare-workers', beside: 'gunicorn-python', what: 'requests/s', bound: undefined },
  { row: 'sidegate-python', beside: 'bare-workers', what: 'requests/s', bound: undefined },
  { row: 'sidegate-python', beside: 'uwsgi-python', what: 'requests/s', bound: undefined },
  { row: 'sidegate-flask', beside: 'gunicorn-flask', what: 'requests/s', bound: undefined },
  { row: 'sidegate-python-fastcgi', beside: 'uwsgi-python', what: 'requests/s', bound: 1 },
  { row: 'sidegate-flask', beside: 'uwsgi-flask', what: 'requests/s', bound: 0.85 },
  { row: 'sidegate-asgi', beside: 'uvicorn-asgi', what: 'requests/s', bound: 1 },
  { row: 'sidegate-asgi-fastcgi', beside: 'uvicorn-asgi', what: 'requests/s', bound: undefined },
  { row: 'sidegate-asgi', beside: 'granian-asgi', what: 'requests/s', bound: undefined },
  { row: 'sidegate-starlette', beside: 'uvicorn-starlette', what: 'requests/s', bound: 1 },
  { row: 'sidegate-starlette-fastcgi', beside: 'uvicorn-starlette', what: 'requests/s', bound: undefined },
  { row: 'sidegate-starlette', beside: 'granian-starlette', what: 'requests/s', bound: undefined },
  { row: 'sidegate-python-gateways', beside: 'sidegate-python', what: 'requests/s', bound: undefined },
  { row: 'sidegate-flask-gateways', beside: 'sidegate-flask', what: 'requests/s', bound: undefined },
  { row: 'sidegate-slow', beside: 'uwsgi-slow', what: 'requests/s', bound: undefined },
  { row: 'sidegate-slow', beside: 'gunicorn-slow', what: 'requests/s', bound: undefined },
  { row: 'sidegate-slow', beside: 'granian-slow', what: 'requests/s', bound: undefined },
  { row: 'sidegate-uwsgi', beside: 'node-http', what: 'p50 at concurrency 1', bound: 150 },
  { row: 'sidegate-http', beside: 'node-http', what: 'p50 at concurrency 1', bound: 150 },
]

/** Every row that an earlier program ran too, beside that; nothing is demanded, as noise has no bound. */
function besideBefore(series: ReadonlyMap<string, Series>): Target[] {
  return [...series.keys()]
    .filter((row) => series.has(row + BEFORE))
    .map((row) => ({ row, beside: row + BEFORE, what: 'requests/s', bound: undefined }))
}

/** The targets of which both rows were measured; the median counts. */
export function findings(series: ReadonlyMap<string, Series>): Finding[] {
  return [...targets, ...besideBefore(series)].flatMap((target): Finding[] => {
    const a = series.get(target.row)
    const b = series.get(target.beside)
    if (!a || !b) return []
    if (target.what === 'requests/s') {
      const speed = ({ rounds }: Series): number[] => rounds.map(({ requestsPerSecond }) => requestsPerSecond)
      const measured = paired(speed(a), speed(b), (one, other) => one / other)
      const time = ({ rounds }: Series): number[] => rounds.map((measurement) => measurement.cpu)
      const cpu = paired(time(a), time(b), (one, other) => one / other)
      return [
        { ...target, measured, cpu, met: target.bound === undefined ? undefined : measured.median >= target.bound },
      ]
    }
    const p50 = ({ single }: Series): number[] => single.map((measurement) => measurement.p50)
    const measured = paired(p50(a), p50(b), (one, other) => one - other)
    const met = target.bound === undefined ? undefined : measured.median <= target.bound
    return [{ ...target, measured, met, cpu: undefined }]
  })
}
