// npm run bench -- --life: what a server takes to be there, what it holds while nothing is asked, and what a reload takes, each as its users run it in
// production. Round after round, a server of its own each time; nothing is in front of it.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { socketAddress, type SocketEndpoint } from '../../sidecar/address.ts'
import { protocolCalled } from '../../sidecar/wire/index.ts'
import { memoryOf, processesBelow } from '../chaos/resources.ts'
import { freePort, stopProcess, temporaryFolder } from '../harness.ts'
import type { Options } from './options.ts'
import type { Protocol, Row } from './row.ts'
import { spread, type Spread } from './statistics.ts'
import { table } from './table.ts'

/** One life. Milliseconds, and bytes of memory (PSS) of all of its processes. */
export interface Life {
  /** From the start of the process until the first answer has come. */
  readonly start: number
  readonly idle: number
  /** From SIGHUP until none of the processes is there that were before, and the next ones answer. Undefined where SIGHUP is no reload. */
  readonly reload: number | undefined
  /** The most while it is reloaded. */
  readonly peak: number | undefined
}

/** Who is asked for these numbers unless others are named. */
export const LIVES: readonly string[] = ['sidegate-http', 'sidegate-python', 'gunicorn-python', 'uwsgi-python']

const ASK_MS = 2
const REST_MS = 3000
const LOOK_MS = 20
const LATE_MS = 30_000
const VARIABLES = {
  REQUEST_METHOD: 'GET',
  REQUEST_URI: '/',
  PATH_INFO: '/',
  SCRIPT_NAME: '',
  QUERY_STRING: '',
  SERVER_NAME: 'h',
  SERVER_PORT: '80',
  SERVER_PROTOCOL: 'HTTP/1.1',
  HTTP_HOST: 'h',
}

/** Every row in turn, there and back. */
export async function measureLives(rows: readonly Row[], options: Options): Promise<Map<string, Life[]>> {
  const found = new Map<string, Life[]>(rows.map(({ name }) => [name, []]))
  for (let round = 1; round <= options.rounds; round++) {
    for (const row of round % 2 ? rows : rows.toReversed()) {
      const life = await liveOnce(row, options)
      found.get(row.name)!.push(life)
      console.log(`round ${round}/${options.rounds} ${row.name}: first answer after ${life.start.toFixed(0)} ms`)
    }
  }
  return found
}

/** For people: a Markdown table. */
export function livesTable(rows: readonly Row[], lives: ReadonlyMap<string, readonly Life[]>): string {
  const head = [
    'row',
    'first answer, ms',
    '(min to max)',
    'idle, MB',
    'reload, ms',
    '(min to max)',
    'most meanwhile, MB',
  ]
  const lines = rows.map((row) => {
    const all = lives.get(row.name)!
    const of = (what: keyof Life): Spread | undefined => {
      const values = all.flatMap((life) => life[what] ?? [])
      return values.length > 0 ? spread(values) : undefined
    }
    const [start, idle, reload, peak] = [of('start')!, of('idle')!, of('reload'), of('peak')]
    const reach = (one: Spread | undefined): string => (one ? `${one.min.toFixed(0)} to ${one.max.toFixed(0)}` : '')
    const megabytes = (one: Spread | undefined): string => (one ? (one.median / 1e6).toFixed(0) : '')
    return [
      `${row.title} \`${row.name}\``,
      start.median.toFixed(0),
      reach(start),
      megabytes(idle),
      reload ? reload.median.toFixed(0) : '',
      reach(reload),
      megabytes(peak),
    ]
  })
  return table(head, lines)
}

async function liveOnce(row: Row, { workers, sidegate }: Options): Promise<Life> {
  const folder = temporaryFolder()
  const [port, backendPort] = [await freePort(), await freePort()]
  const began = performance.now()
  const place = { folder: folder.path, port, backendPort, workers, sidegate, nodeOptions: [], supervised: true }
  const { endpoint, process: child } = row.start(place)
  child.stdout?.resume()
  child.stderr?.resume()
  const root = child.pid!
  try {
    await answered(row.protocol, endpoint, () => child.exitCode === null)
    const start = performance.now() - began
    await sleep(REST_MS)
    const idle = memoryOfAll(root)
    const reload = row.reloads ? await reloaded(row, endpoint, root) : undefined
    return { start, idle, reload: reload?.time, peak: reload?.peak }
  } finally {
    await stopProcess(child)
    folder.remove()
  }
}

async function reloaded(row: Row, endpoint: SocketEndpoint, root: number): Promise<{ time: number; peak: number }> {
  const before = processesBelow(root)
  const began = performance.now()
  process.kill(root, 'SIGHUP')
  let peak = 0
  let time: number | undefined
  while (time === undefined) {
    peak = Math.max(peak, memoryOfAll(root))
    // What looks after the others stays.
    const now = new Set(processesBelow(root))
    if (now.size > 0 && before.every((pid) => !now.has(pid) || isShell(pid))) {
      await answered(row.protocol, endpoint, () => true)
      time = performance.now() - began
    } else if (performance.now() - began > LATE_MS) throw new Error(`${row.name} is not reloaded after ${LATE_MS} ms`)
    else await sleep(LOOK_MS)
  }
  return { time, peak }
}

function memoryOfAll(root: number): number {
  return [root, ...processesBelow(root)].reduce((sum, pid) => sum + memoryOf(pid), 0)
}

/** The watchdogs of Sidegate are shells. */
function isShell(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trim() === 'sh'
  } catch {
    return false
  }
}

/** Asks until the page has come, each time on a connection of its own. @param alive false: nothing more will come */
async function answered(protocol: Protocol, endpoint: SocketEndpoint, alive: () => boolean): Promise<void> {
  const end = performance.now() + LATE_MS
  while (!(await asked(protocol, endpoint))) {
    if (!alive()) throw new Error('it ended instead of answering')
    if (performance.now() > end) throw new Error(`there was no answer for ${LATE_MS} ms`)
    await sleep(ASK_MS)
  }
}

function asked(protocol: Protocol, endpoint: SocketEndpoint): Promise<boolean> {
  const codec = protocolCalled(protocol)!.client()
  const socket = connect(socketAddress(endpoint))
  let page = ''
  return new Promise((resolve) => {
    const over = (): void => {
      socket.destroy()
      resolve(page.includes('Hello World'))
    }
    socket.on('connect', () => socket.write(codec.request(VARIABLES, 0)))
    socket.on('data', (bytes) => {
      page += bytes.toString('latin1')
      if (page.includes('Hello World')) over()
    })
    socket.on('error', over).on('close', over)
  })
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
