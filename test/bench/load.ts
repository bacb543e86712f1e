// Load from wrk on one row, and what it cost.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { program } from '../harness.ts'
import { cpuTime, machineTime } from './processes.ts'

const report = fileURLToPath(new URL('report.lua', import.meta.url))
// wrk ends by itself after the duration; what it may take longer.
const LATE_MS = 20_000

/** What is measured in one go. Times in microseconds. */
export interface Measurement {
  readonly requestsPerSecond: number
  /** CPU time a request of the server's processes, and of what is behind it. */
  readonly cpu: number
  /** The part of it that its main process takes. */
  readonly mainCpu: number
  /** CPU time a request of nginx. */
  readonly nginxCpu: number
  readonly p50: number
  readonly p99: number
  /** The share of the machine, 0 to 1, that processes took which have nothing to do with the bench: the measure of noise. */
  readonly others: number
}

/** Whom to load, and whose CPU time to read. */
export interface Target {
  readonly url: string
  readonly serverPid: number
  /** Of the server behind it, where there is one. */
  readonly backendPid: number | undefined
  readonly nginxPid: number
}

interface Counted {
  readonly requests: number
  readonly microseconds: number
  readonly p50: number
  readonly p99: number
  readonly failed: number
}

/** @throws {Error} when one request fails: a fast error is no result. */
export async function load(target: Target, connections: number, seconds: number): Promise<Measurement> {
  const before = used(target)
  const counted = await wrk(target.url, connections, seconds)
  const after = used(target)
  const { requests, microseconds, p50, p99, failed } = counted
  if (failed > 0 || requests === 0) throw new Error(`${failed} of ${requests} requests to ${target.url} failed`)
  return {
    requestsPerSecond: (requests / microseconds) * 1e6,
    cpu: (after.server.tree - before.server.tree) / requests,
    mainCpu: (after.server.main - before.server.main) / requests,
    nginxCpu: (after.nginx.tree - before.nginx.tree) / requests,
    p50,
    p99,
    others: Math.max(0, after.others - before.others) / (after.at - before.at) / availableParallelism(),
  }
}

/** CPU time used so far. What is not of this process and those it started (wrk among them, once it has ended) is of others. */
function used({ serverPid, backendPid, nginxPid }: Target) {
  const { main, tree } = cpuTime(serverPid)
  return {
    server: { main, tree: tree + (backendPid === undefined ? 0 : cpuTime(backendPid).tree) },
    nginx: cpuTime(nginxPid),
    others: machineTime() - cpuTime(process.pid).tree,
    at: performance.now() * 1000,
  }
}

function wrk(url: string, connections: number, seconds: number): Promise<Counted> {
  const file = program('wrk')
  if (!file) throw new Error('wrk is not installed (on Debian: apt-get install wrk)')
  const args = ['--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`]
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...args, '--latency', '--script', report, url], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: seconds * 1000 + LATE_MS,
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (piece: string) => (said += piece))
    }
    child.on('error', reject)
    child.on('close', () => {
      const line = said.split('\n').find((one) => one.startsWith('{"requests"'))
      if (line) resolve(JSON.parse(line) as Counted)
      else reject(new Error(`wrk gave no result:\n${said}`))
    })
  })
}
