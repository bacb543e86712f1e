// What `top` shows, as lines: as many columns wide and as many lines high as there is room.
import { percentile, together, type DurationsReport } from '../durations.ts'
import { columns, type Cell } from './columns.ts'
import { cut, shownMemory, shownSince, shownTime } from './shown.ts'
import { figuresOf, type Figures, type Look, type WorkerFigures } from './top-figures.ts'

/** How large it may be. */
export interface Room {
  readonly width: number
  readonly height: number
}

/** The lines; what has no room is left out, and it is said how much. */
export function topScreen(before: Look | undefined, now: Look, { width, height }: Room): string[] {
  const all = figuresOf(before, now)
  const workers = all.flatMap((one) => one.workers)
  const lines = [
    ...headParts(now, all).flatMap((parts) => broken(parts, width)),
    '',
    ...columns(MOUNTS, all.map(mountRow)),
    ...restartLines(all),
    ...(workers.length === 0
      ? []
      : [
          '',
          ...columns(
            WORKERS,
            workers.toSorted(busiest).map((one) => workerRow(one, now)),
          ),
        ]),
  ]
  const more = lines.length - height
  const shown = more > 0 ? [...lines.slice(0, height - 1), `… ${more + 1} more lines`] : lines
  return shown.map((line) => cut(line, width))
}

/** What is said of the whole, each line in parts. */
function headParts({ status, time }: Look, all: readonly Figures[]): string[][] {
  const { version, pid, gateways } = status
  const serving = gateways.find(({ state }) => state === 'serves') ?? gateways.at(-1)
  const memory = gateways.reduce((sum, { report }) => sum + (report?.memory ?? 0), 0)
  const connections = gateways.reduce(
    (sum, { report }) => sum + (report?.listeners ?? []).reduce((all, listener) => all + listener.connections, 0),
    0,
  )
  const first = [`sidegate ${version}`, `process ${pid}`]
  if (serving) first.push(`gateway ${serving.generation} for ${shownSince(serving.since, time)}`)
  first.push(shownMemory(memory), `${connections} ${connections === 1 ? 'connection' : 'connections'}`)
  if (gateways.length > 1) first.push(`${gateways.length} gateways`)
  const quiet = gateways.filter(({ state, report }) => state !== 'starts' && !report)
  if (quiet.length > 0) first.push('does not answer: an app may keep it busy')
  const total = (of: (one: Figures) => number): number => all.reduce((sum, one) => sum + of(one), 0)
  const durations = together(all.map((one) => one.durations))
  const second = [
    `${rate(total((one) => one.perSecond))} requests/s`,
    `${rate(total((one) => one.failedPerSecond))} failed/s`,
    `${total((one) => one.inFlight)} in flight`,
    `${total((one) => one.waiting)} waiting`,
    ...([50, 95, 99] as const).flatMap((share) => named(`p${share}`, durations, share / 100)),
  ]
  return [first, second]
}

/** The parts as lines, as many beside each other as there is room for. */
function broken(parts: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const part of parts) {
    const line = `${lines.at(-1)}  ${part}`
    if (lines.length > 0 && line.length <= width) lines.splice(-1, 1, line)
    else lines.push(part)
  }
  return lines
}

function named(name: string, durations: DurationsReport, share: number): string[] {
  const value = percentile(durations, share)
  return value === undefined ? [] : [`${name} ${shownTime(value)}`]
}

const MOUNTS = ['MOUNT', 'REQ/S', 'FAIL/S', 'FLIGHT', 'WAIT', 'P50', 'P99', 'QUEUE', 'WORKERS']

function mountRow(one: Figures): Cell[] {
  const { key, perSecond, failedPerSecond, inFlight, waiting, durations, waits, workers } = one
  const times = [0.5, 0.99].map((share) => shownTime(percentile(durations, share)) || '-')
  const queue = shownTime(percentile(waits, 0.99)) || (workers.length > 0 ? '-' : '')
  return [short(key), rate(perSecond), rate(failedPerSecond), inFlight, waiting, ...times, queue, states(workers)]
}

/** `2/4 busy, 1 starting`: of those that take requests, and the others. */
function states(workers: readonly WorkerFigures[]): string {
  const ready = workers.filter(({ state }) => state === 'ready')
  const counts = new Map<string, number>()
  for (const { state } of workers) if (state !== 'ready') counts.set(state, (counts.get(state) ?? 0) + 1)
  const parts = [...counts].map(([state, count]) => `${count} ${state}`)
  if (ready.length > 0) parts.unshift(`${ready.filter(({ busy }) => busy > 0).length}/${ready.length} busy`)
  return parts.join(', ')
}

function stateOf({ state, busy }: WorkerFigures): string {
  if (state !== 'ready') return state
  return busy > 0 ? 'busy' : 'idle'
}

const WORKERS = ['WORKER', 'MOUNT', 'STATE', 'BUSY', 'REQ/S', 'REQUESTS', 'MEMORY', 'AGE']

function workerRow(worker: WorkerFigures, { time }: Look): Cell[] {
  const { pid, mount, busy, places, perSecond, requests, memory, since } = worker
  const age = shownSince(since, time)
  return [pid, short(mount), stateOf(worker), `${busy}/${places}`, rate(perSecond), requests, shownMemory(memory), age]
}

function busiest(a: WorkerFigures, b: WorkerFigures): number {
  return b.busy - a.busy || b.perSecond - a.perSecond || a.pid - b.pid
}

function restartLines(all: readonly Figures[]): string[] {
  return all.flatMap(({ key, restarts }) => {
    const reasons = Object.entries(restarts).map(([reason, count]) => `${count} ${reason}`)
    return reasons.length === 0 ? [] : [`replaced in ${short(key)}: ${reasons.join(', ')}`]
  })
}

function rate(perSecond: number): string {
  return perSecond < 100 ? perSecond.toFixed(1) : String(Math.round(perSecond))
}

/** A key may be long; the end of it tells more. */
function short(key: string): string {
  return key.length > 20 ? `…${key.slice(-19)}` : key
}
