// Large bodies: 1 GB each way through each protocol, directly to Sidegate. How fast, what it costs, and how much memory it takes.
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../harness.ts'
import { resident } from '../memory/resident.ts'
import { roundTrip, tripProtocols } from '../memory/trip.ts'
import type { Options } from './options.ts'
import { cpuTime } from './processes.ts'
import { sidegate } from './rows.ts'
import { startServer, type Server } from './server.ts'
import { spread } from './statistics.ts'
import { table } from './table.ts'

const MB = 1024 ** 2
const SIZE = 1024 * MB
/** The first requests bring in code and let the heap find its size; idle is what comes after them. */
const WARM_UP = 3
const WARM_UP_SIZE = 8 * MB
/** What a body may add to the memory of an idle Sidegate, however long it is. */
const MEMORY_TARGET = 64

/** What was measured of one protocol; every list has a number a round. */
export interface BodySeries {
  /** MB/s of the request body. */
  readonly up: number[]
  /** MB/s of the response body. */
  readonly down: number[]
  /** CPU time of Sidegate for both, in milliseconds. */
  readonly cpu: number[]
  /** The most memory above idle in all rounds, in MB. */
  memory: number
}

/** Sends bodies by every protocol, round after round. @throws {Error} when one does not come through whole. */
export async function measureBodies(options: Options): Promise<Map<string, BodySeries>> {
  const folder = temporaryFolder()
  const servers = new Map<string, { server: Server; port: number; idle: number }>()
  const found = new Map<string, BodySeries>()
  try {
    for (const protocol of tripProtocols) {
      const app = fileURLToPath(new URL('../memory/app.ts', import.meta.url))
      // An address that names no protocol takes them all.
      const server = await startServer(sidegate(protocol, protocol, 'http', { app }), options, folder.path)
      const port = server.endpoint.kind === 'tcp' ? server.endpoint.port : 0
      servers.set(protocol, { server, port, idle: 0 })
      for (let count = 0; count < WARM_UP; count++) await roundTrip(protocol, port, WARM_UP_SIZE)
      servers.get(protocol)!.idle = resident(server.pid, 'now')
      found.set(protocol, { up: [], down: [], cpu: [], memory: 0 })
    }
    for (let round = 1; round <= options.rounds; round++) {
      for (const protocol of round % 2 ? tripProtocols : tripProtocols.toReversed()) {
        const { server, port, idle } = servers.get(protocol)!
        const series = found.get(protocol)!
        const before = cpuTime(server.pid).tree
        const { status, received, up, down } = await roundTrip(protocol, port, SIZE)
        if (status !== 200 || received !== SIZE) throw new Error(`${protocol}: status ${status}, ${received} bytes`)
        series.up.push(SIZE / MB / up)
        series.down.push(SIZE / MB / down)
        series.cpu.push((cpuTime(server.pid).tree - before) / 1000)
        series.memory = (resident(server.pid, 'most') - idle) / MB
        const speed = `${series.up.at(-1)!.toFixed(0)} MB/s up, ${series.down.at(-1)!.toFixed(0)} down`
        console.log(`round ${round}/${options.rounds} ${protocol}: ${speed}, +${series.memory.toFixed(0)} MB`)
      }
    }
  } finally {
    for (const { server } of servers.values()) await server.stop()
    folder.remove()
  }
  return found
}

/** The result, for people. */
export function bodiesTable(found: ReadonlyMap<string, BodySeries>): string {
  const head = [
    'protocol',
    'up MB/s',
    '(min to max)',
    'down MB/s',
    '(min to max)',
    'CPU ms',
    'most memory above idle',
    'target',
    '',
  ]
  const lines = [...found].map(([protocol, { up, down, cpu, memory }]) => [
    protocol,
    ...speed(up),
    ...speed(down),
    spread(cpu).median.toFixed(0),
    `${memory.toFixed(0)} MB`,
    `< ${MEMORY_TARGET} MB`,
    memory < MEMORY_TARGET ? 'met' : 'missed',
  ])
  return table(head, lines)
}

function speed(numbers: readonly number[]): string[] {
  const { median, min, max } = spread(numbers)
  return [median.toFixed(0), `${min.toFixed(0)} to ${max.toFixed(0)}`]
}
