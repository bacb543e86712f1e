// What `top` shows of each mount: what came between two looks at a Sidegate, of all its gateways together.
import type { AdminStatus, GatewayStatus } from '../admin/status.ts'
import { since, together, type DurationsReport } from '../durations.ts'
import type { MountedStatus } from '../mounted.ts'
import type { WorkerStatus } from '../mounts/mount.ts'

/** One look. */
export interface Look {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly status: AdminStatus
}

/** A worker of a mount. */
export interface WorkerFigures extends WorkerStatus {
  readonly mount: string
  readonly perSecond: number
}

/** Between two looks; where there is no look before, since the start. */
export interface Figures {
  readonly key: string
  readonly perSecond: number
  readonly failedPerSecond: number
  readonly inFlight: number
  readonly waiting: number
  readonly durations: DurationsReport
  readonly waits: DurationsReport
  readonly workers: readonly WorkerFigures[]
  /** Since the start. */
  readonly restarts: Readonly<Record<string, number>>
}

/** Each mount, in the order of the configuration. */
export function figuresOf(before: Look | undefined, now: Look): Figures[] {
  const earlier = new Map(before?.status.gateways.map((gateway) => [gateway.pid, gateway]))
  const found = new Map<string, Figures>()
  for (const gateway of now.status.gateways) {
    const seen = new Set<string>()
    for (const mounted of gateway.report?.mounts ?? []) {
      const { key } = mounted
      // Those that finish after a reload share the counts of the one that has the place.
      const counts = !seen.has(key)
      seen.add(key)
      const old = placeIn(earlier.get(gateway.pid), key)
      const began = Date.parse(gateway.since)
      const seconds = Math.max(0.001, (now.time - (old && before ? before.time : began)) / 1000)
      const one = figures(mounted, old, counts, seconds)
      const known = found.get(key)
      found.set(key, known ? sum(known, one) : one)
    }
  }
  return [...found.values()]
}

/** The one that has the place, which comes before those that finish after a reload. */
function placeIn(gateway: GatewayStatus | undefined, key: string): MountedStatus | undefined {
  return gateway?.report?.mounts.find((mounted) => mounted.key === key)
}

const NONE: DurationsReport = { count: 0, sum: 0, ranges: [] }

function figures(now: MountedStatus, before: MountedStatus | undefined, counts: boolean, seconds: number): Figures {
  const { key, inFlight, mount } = now
  const earlier = new Map(before?.mount?.workers?.map(({ pid, requests }) => [pid, requests]))
  const workers = (mount?.workers ?? []).map((worker) => {
    const done = worker.requests - (earlier.get(worker.pid) ?? (before ? 0 : worker.requests))
    return { ...worker, mount: key, perSecond: Math.max(0, done) / seconds }
  })
  const live = { key, inFlight, waiting: mount?.waiting ?? 0, workers }
  if (!counts) return { ...live, perSecond: 0, failedPerSecond: 0, durations: NONE, waits: NONE, restarts: {} }
  return {
    ...live,
    perSecond: Math.max(0, now.requests - (before?.requests ?? 0)) / seconds,
    failedPerSecond: Math.max(0, now.failed - (before?.failed ?? 0)) / seconds,
    durations: since(before?.durations, now.durations),
    waits: since(before?.mount?.waits, mount?.waits ?? NONE),
    restarts: mount?.restarts ?? {},
  }
}

function sum(a: Figures, b: Figures): Figures {
  const restarts: Record<string, number> = { ...a.restarts }
  for (const [reason, count] of Object.entries(b.restarts)) restarts[reason] = (restarts[reason] ?? 0) + count
  return {
    key: a.key,
    perSecond: a.perSecond + b.perSecond,
    failedPerSecond: a.failedPerSecond + b.failedPerSecond,
    inFlight: a.inFlight + b.inFlight,
    waiting: a.waiting + b.waiting,
    durations: together([a.durations, b.durations]),
    waits: together([a.waits, b.waits]),
    workers: [...a.workers, ...b.workers],
    restarts,
  }
}
