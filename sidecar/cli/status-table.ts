// What `status` prints: gateways, listeners, mounts and workers as tables.
import type { GatewayReport } from '../admin/report.ts'
import type { AdminStatus, GatewayStatus } from '../admin/status.ts'
import { percentile } from '../durations.ts'
import { visible } from '../line.ts'
import type { MountedStatus } from '../mounted.ts'
import type { LayerStatus } from '../mounts/mount.ts'
import { columns, type Cell } from './columns.ts'
import { shownMemory, shownSince, shownTime } from './shown.ts'

/** `now`: milliseconds since 1970. */
export function statusTable({ version, pid, supervised, gateways }: AdminStatus, now: number): string {
  const first = `sidegate ${version}, process ${pid}${supervised ? ', a supervisor' : ''}`
  return [first, ...gateways.flatMap((gateway) => gatewayLines(gateway, now))].join('\n')
}

function gatewayLines({ generation, pid, state, since, report }: GatewayStatus, now: number): string[] {
  const memory = report ? `, ${shownMemory(report.memory)}` : ''
  const first = `gateway ${generation}, process ${pid}: ${state}, for ${shownSince(since, now)}${memory}`
  if (!report) return [first, state === 'starts' ? '  no report yet' : '  does not answer: an app may keep it busy']
  const { listeners, mounts } = report
  const listening = listeners.map(({ address, protocols, connections }) => [address, connections, protocols.join(' ')])
  return [
    first,
    ...below(columns(['LISTENING', 'CONNECTIONS', 'PROTOCOLS'], listening)),
    ...below(columns(MOUNT_HEAD, mounts.map(mountRow))),
    ...below(workerLines(report, now)),
    ...below(serverLines(mounts)),
    ...below(layerLines(report)),
  ].map(visible)
}

const MOUNT_HEAD = [
  'MOUNTED',
  'STATE',
  'REQUESTS',
  'IN FLIGHT',
  'WAITING',
  'FAILED',
  'GIVEN UP',
  'P50',
  'P99',
  'PROCESSES',
]

function mountRow({
  key,
  requests,
  inFlight,
  failed,
  abandoned,
  durations,
  retired,
  drained,
  mount,
}: MountedStatus): Cell[] {
  const state = retired ? 'finishes' : drained ? 'taken out' : ''
  const workers = mount?.workers
  const pids = workers ? '' : (mount?.pids ?? []).join(' ')
  const times = [percentile(durations, 0.5), percentile(durations, 0.99)].map(shownTime)
  return [key, state, requests, inFlight, mount?.waiting ?? '', failed, abandoned, ...times, pids]
}

function workerLines({ mounts }: GatewayReport, now: number): string[] {
  const rows = mounts.flatMap(({ key, mount }) =>
    (mount?.workers ?? []).map(({ pid, state, busy, places, requests, memory, since }) => [
      key,
      pid,
      state === 'ready' && busy > 0 ? 'busy' : state,
      `${busy} of ${places}`,
      requests,
      shownMemory(memory),
      shownSince(since, now),
    ]),
  )
  return rows.length === 0 ? [] : columns(['WORKERS', 'PID', 'STATE', 'BUSY', 'REQUESTS', 'MEMORY', 'AGE'], rows)
}

function serverLines(mounts: readonly MountedStatus[]): string[] {
  const rows = mounts.flatMap(({ key, mount }) =>
    (mount?.servers ?? []).map(({ name, usable, busy }) => [key, name, usable ? 'used' : 'left out', busy]),
  )
  return rows.length === 0 ? [] : columns(['SERVERS', 'ADDRESS', 'STATE', 'BUSY'], rows)
}

function layerLines({ mounts, layers }: GatewayReport): string[] {
  const row = (key: string, { layer, state, counts }: LayerStatus): Cell[] => {
    const text = Object.entries(counts).map(([name, count]) => `${name} ${count}`)
    return [key, layer, state ?? '', text.join(', ')]
  }
  const rows = [
    ...layers.map((one) => row('', one)),
    ...mounts.flatMap(({ key, mount }) => (mount?.layers ?? []).map((one) => row(key, one))),
  ]
  return rows.length === 0 ? [] : columns(['LAYERS', 'NAME', 'STATE', 'COUNTS'], rows)
}

function below(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}
