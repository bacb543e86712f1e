// npm run bench: wrk through one nginx on every row, round after round, so that what disturbs the machine disturbs all of them.
// docs/bench.md says what the rows mean.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { temporaryFolder } from '../harness.ts'
import { bodiesTable, measureBodies } from './bodies.ts'
import { LIVES, livesTable, measureLives } from './life.ts'
import { load, type Measurement, type Target } from './load.ts'
import { startNginx, type Nginx } from './nginx.ts'
import { readOptions, usage, type Options } from './options.ts'
import { profiling, topFunctions } from './profile.ts'
import { rowBefore, type Row } from './row.ts'
import { rows } from './rows.ts'
import { startServer, type Server } from './server.ts'
import { spread } from './statistics.ts'
import { tables } from './table.ts'
import { findings, type Series } from './targets.ts'

// Below run/, which git does not look at.
const RESULTS = 'run/bench'
// As many as the just-in-time compilers take to be done with the longest way, that through an upstream, where others want the
// machine too; and no longer than this, for the rows that take them slowly.
const WARM_UP_REQUESTS = 40_000
const WARM_UP_SECONDS = 2
const WARM_UPS_MAX = 5
/** Lines of nginx' error log that are shown when a request failed. */
const LAST_WORDS = 3
/** Of load ahead of each measurement: a row rests while all others have their turn, and gives memory back then. */
const LEAD_SECONDS = 1
// One connection gives plenty of samples in this time.
const SINGLE_SECONDS = 1

const names = rows.map(({ name }) => name)
let options: Options | undefined
try {
  options = readOptions(process.argv.slice(2), names)
} catch (error) {
  console.error(`bench: ${(error as Error).message}`)
  process.exit(2)
}
if (!options) {
  process.stdout.write(usage(names))
} else {
  for (const program of [options.sidegate, options.before ?? options.sidegate]) {
    if (existsSync(program)) continue
    console.error(`bench: ${program} is not there; npm run build makes it`)
    process.exit(2)
  }
  mkdirSync(RESULTS, { recursive: true })
  if (options.bodies) await bodies(options)
  else if (options.life) await lives(options)
  else await (options.profile === undefined ? measure(options) : profile(options, options.profile))
}

async function measure(options: Options): Promise<void> {
  const { only, before } = options
  const wanted = rows
    .filter(({ name, apart }) => only?.includes(name) ?? !apart)
    .flatMap((row) => (row.ours && before !== undefined ? [row, rowBefore(row, before)] : [row]))
  const there = present(wanted)
  const series = await withServers(there, options, [], (servers, nginx) => rounds(servers, nginx, options))
  process.stdout.write(`\n${tables(there, series)}`)
  const noise = spread([...series.values()].flatMap((one) => one.rounds.map(({ others }) => others * 100)))
  console.log(
    `\nOther processes used ${noise.median.toFixed(0)} % of the machine meanwhile (up to ${noise.max.toFixed(0)} % in a round).`,
  )
  write({ options, rows: Object.fromEntries(series), targets: findings(series) })
}

async function bodies(options: Options): Promise<void> {
  const found = await measureBodies(options)
  process.stdout.write(`\n${bodiesTable(found)}`)
  write({ options, bodies: Object.fromEntries(found) })
}

async function lives(options: Options): Promise<void> {
  const there = present(rows.filter(({ name }) => (options.only ?? LIVES).includes(name)))
  const found = await measureLives(there, options)
  process.stdout.write(`\n${livesTable(there, found)}`)
  write({ options, lives: Object.fromEntries(found) })
}

/** Those that can run here; says why the others cannot. */
function present(wanted: readonly Row[]): Row[] {
  return wanted.filter((row) => {
    const why = row.missing()
    if (why) console.log(`bench: without ${row.name}: ${why}`)
    return why === undefined
  })
}

/** Every number, to a file of its own. */
function write(result: Record<string, unknown>): void {
  const file = join(RESULTS, `${new Date().toISOString().replaceAll(':', '-').slice(0, 19)}.json`)
  const machine = { cpus: cpus().length, node: process.version }
  writeFileSync(file, `${JSON.stringify({ machine, ...result }, undefined, 2)}\n`)
  console.log(`bench: written to ${file}`)
}

async function warmUp(target: Target, connections: number): Promise<void> {
  let requests = 0
  for (let count = 0; count < WARM_UPS_MAX && requests < WARM_UP_REQUESTS; count++) {
    requests += (await load(target, connections, WARM_UP_SECONDS)).requestsPerSecond * WARM_UP_SECONDS
  }
}

function targetOf(server: Server, nginx: Nginx): Target {
  return { url: nginx.url(server), serverPid: server.pid, backendPid: server.backendPid, nginxPid: nginx.pid }
}

async function rounds(
  servers: readonly Server[],
  nginx: Nginx,
  { connections, duration, rounds }: Options,
): Promise<Map<string, Series>> {
  const target = (server: Server) => targetOf(server, nginx)
  for (const server of servers) await warmUp(target(server), connections)
  const series = new Map(
    servers.map(({ row }) => [row.name, { rounds: [] as Measurement[], single: [] as Measurement[] }]),
  )
  for (let round = 1; round <= rounds; round++) {
    // there and back: nobody is always the one after the heaviest
    for (const server of round % 2 ? servers : servers.toReversed()) {
      const { row } = server
      await load(target(server), connections, LEAD_SECONDS)
      const found = await load(target(server), connections, duration)
      series.get(row.name)!.rounds.push(found)
      if (row.latency) series.get(row.name)!.single.push(await load(target(server), 1, SINGLE_SECONDS))
      const speed = Math.round(found.requestsPerSecond)
      console.log(`round ${round}/${rounds} ${row.name}: ${speed} requests/s, ${found.cpu.toFixed(1)} µs a request`)
    }
  }
  return series
}

async function profile(options: Options, name: string): Promise<void> {
  const row: Row = rows.find((one) => one.name === name)!
  const why = row.missing()
  if (why) throw new Error(why)
  const folder = join(RESULTS, `profile-${name}-${Date.now()}`)
  await withServers([row], options, profiling(folder), async ([server], nginx) => {
    await load(targetOf(server!, nginx), options.connections, options.duration)
  })
  const file = readdirSync(folder).find((one) => one.endsWith('.cpuprofile'))
  if (!file) throw new Error(`${name} is no Node.js program, or it was killed: no profile was written`)
  process.stdout.write(topFunctions(join(folder, file), 25))
  console.log(`bench: written to ${join(folder, file)} (open it in the performance tab of Chrome's developer tools)`)
}

/** Starts the servers and nginx, checks that every row answers, and stops all of them whatever happens. */
async function withServers<T>(
  there: readonly Row[],
  options: Options,
  nodeOptions: readonly string[],
  work: (servers: readonly Server[], nginx: Nginx) => Promise<T>,
): Promise<T> {
  const folder = temporaryFolder()
  const servers: Server[] = []
  let nginx: Nginx | undefined
  try {
    for (const row of there) servers.push(await startServer(row, options, folder.path, nodeOptions))
    nginx = await startNginx(servers, folder.path)
    for (const server of servers) await answers(server, nginx)
    const result = await work(servers, nginx)
    if (nginx.log() !== '') console.log(`bench: nginx complained:\n${nginx.log()}`)
    return result
  } catch (error) {
    const said = nginx?.log().trimEnd().split('\n').slice(-LAST_WORDS) ?? []
    console.error(said.map((line) => `nginx: ${line}`).join('\n'))
    throw error
  } finally {
    await nginx?.stop()
    for (const server of servers) await server.stop()
    folder.remove()
  }
}

/** @throws {Error} when the row gives anything but the page. */
async function answers(server: Server, nginx: Nginx): Promise<void> {
  const response = await fetch(nginx.url(server))
  const text = await response.text()
  if (response.status !== 200 || text !== 'Hello World\n') {
    throw new Error(`${server.row.name} answers ${response.status} ${JSON.stringify(text.slice(0, 200))}`)
  }
}
