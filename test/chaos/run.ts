// Has things happen, one kind after the other, while there is load, and counts what that cost.
import { until } from '../harness.ts'
import { CUT } from './ask.ts'
import type { Cost, Happening } from './happening.ts'
import { Load, type LoadOptions } from './load.ts'
import type { Random } from './random.ts'
import { resourcesOf, type Resources } from './resources.ts'
import { MOUNTS, Stage } from './stage.ts'
import type { Lost, Tally } from './tally.ts'

/** How much of it. */
export interface RunOptions {
  readonly random: Random
  /** Each happens at least so often, and goes on until so many requests were asked meanwhile. */
  readonly times: number
  readonly requests: number
  /** Clients on each of the five ways; a fourth as many WebSockets in all. */
  readonly clients: number
  /** Milliseconds without a request before it is looked what is held: memory is given back after a while. */
  readonly rest: number
  /** Hears of each kind that is over. */
  done(result: Result): void
}

/** What one kind of happening came to. */
export interface Result {
  readonly name: string
  readonly times: number
  readonly tally: Tally
  /** Lost, and no wonder. */
  readonly explained: readonly Lost[]
  /** What has to be looked into, in words. */
  readonly problems: readonly string[]
}

/** All of it. */
export interface Findings {
  readonly before: Resources
  readonly after: Resources
  readonly problems: readonly string[]
}

const WARM_UP_REQUESTS = 200
const SETTLED_MS = 30_000
const PAUSE_MS = 60

/** Descriptors that a gateway may have more than the one before it: the engine opens some when it likes. */
const SPARE_DESCRIPTORS = 3
/** What the supervisor may have grown by: it holds no request. */
const SPARE_MEMORY = 20e6
/** What all may have grown by together, once they have rested: a gateway that has had more to do has more of its code compiled. */
const SPARE_OF_ALL = 50e6

/** @throws {Error} when something did not happen as it has to */
export async function run(happenings: readonly Happening[], options: RunOptions): Promise<Findings> {
  const stage = await Stage.open()
  try {
    await during(stage, options, (load) => warm(load.tally))
    const before = await settled(stage, options.rest)
    // Whoever is started anew has nothing of what was there before.
    const more = happenings.reduce((sum, { leaves = 0, startsAnew }) => (startsAnew ? 0 : Math.max(sum, leaves)), 0)
    await during(stage, options, async (load) => {
      for (const happening of happenings) options.done(await judged(stage, load, happening, options))
    })
    const after = await settled(stage, options.rest, before, more)
    const problems = grown(before, after, more)
    if (options.rest > 0) problems.push(...heavier(before, after))
    return { before, after, problems }
  } finally {
    await stage.close()
  }
}

/** Load from a new nginx, and no connection left afterwards. */
async function during(
  stage: Stage,
  { random, clients }: RunOptions,
  work: (load: Load) => Promise<void>,
): Promise<void> {
  const options: LoadOptions = {
    ways: await stage.ways(),
    mounts: MOUNTS,
    clients,
    webSockets: Math.ceil((clients * 5) / 4),
    random,
    version: stage.version,
  }
  const load = new Load(options)
  try {
    await work(load)
  } finally {
    await load.end()
    await stage.leave()
  }
}

async function judged(stage: Stage, load: Load, happening: Happening, options: RunOptions): Promise<Result> {
  const { random, requests } = options
  const least = Math.min(options.times, happening.times ?? Infinity)
  await happening.begin?.(stage)
  await load.next()
  const costs: Cost[] = []
  const problems: string[] = []
  let times = 0
  try {
    for (; times < least || load.tally.asked < requests; times++) {
      const cost = await happening.once(stage, random)
      if (cost) costs.push(cost)
      const more = times + 1 < least || load.tally.asked < requests
      const rest = random.whole(0, PAUSE_MS) + (more ? (happening.apart ?? 0) : 0)
      await new Promise((resolve) => setTimeout(resolve, rest))
    }
  } catch (error) {
    problems.push((error as Error).message)
  }
  const tally = await load.next()
  await happening.end?.(stage)
  const untold = ({ why, way }: Lost): boolean => why === CUT && !happening.silences && !way.includes('uwsgi')
  const explained = tally.failed.filter((lost) => !untold(lost) && costs.some((cost) => cost.explains(lost)))
  for (const lost of tally.failed) if (!explained.includes(lost)) problems.push(`lost: ${inWords(lost)}`)
  for (const lost of tally.wrong) problems.push(`wrong: ${inWords(lost)}`)
  const most = costs.reduce((sum, cost) => sum + cost.most, 0)
  if (explained.length > most) problems.push(`${explained.length} lost, where ${most} were in hand`)
  problems.push(...said(stage, happening))
  return { name: happening.name, times, tally, explained, problems }
}

function said(stage: Stage, { said: mayBe, saidByNginx }: Happening): string[] {
  const log = stage.complaints().filter((line) => !mayBe.test(line))
  const nginx = stage.nginxComplaints().filter((line) => !saidByNginx?.test(line))
  return [...log.map((line) => `the log says: ${line}`), ...nginx.map((line) => `nginx says: ${line}`)]
}

/** What is made when it is first asked for is there then. */
async function warm(tally: Tally): Promise<void> {
  await until('answers of all', () => tally.mounts.size === MOUNTS.length && tally.right >= WARM_UP_REQUESTS)
}

/** Once nothing is under way, and with `goal`, once no more is held than then, or it does not come to that. */
async function settled(stage: Stage, rest: number, goal?: Resources, more = 0): Promise<Resources> {
  await stage.alone()
  await new Promise((resolve) => setTimeout(resolve, rest))
  const look = async (): Promise<Resources> => resourcesOf(stage.sidegate.pid, (await stage.gateway()).pid)
  const end = performance.now() + SETTLED_MS
  for (;;) {
    const found = await look()
    const { report } = await stage.gateway()
    const quiet =
      report.listeners.every(({ connections }) => connections === 0) &&
      report.mounts.every(({ key, mount }) => !mount?.workers || mount.workers.length === stage.processes(key.slice(1)))
    if (quiet && (!goal || grown(goal, found, more).length === 0)) return found
    if (performance.now() > end) return found
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** @param more processes that are no surprise */
function grown(before: Resources, after: Resources, more: number): string[] {
  const problems: string[] = []
  for (const [index, name] of ['supervisor', 'gateway'].entries()) {
    const [was, is] = [before.descriptors[index]!, after.descriptors[index]!]
    if (is > was + SPARE_DESCRIPTORS) problems.push(`the ${name} has ${is} descriptors, ${was} before`)
  }
  if (after.processes !== before.processes + more)
    problems.push(`${after.processes} processes are below the supervisor, ${before.processes} before`)
  if (after.memory[0] > before.memory[0] + SPARE_MEMORY)
    problems.push(`the supervisor has grown by ${after.memory[0] - before.memory[0]} bytes`)
  return problems
}

function heavier({ memory: was }: Resources, { memory: is }: Resources): string[] {
  const sum = (of: Resources['memory']): number => of.reduce((all, bytes) => all + bytes, 0)
  const more = sum(is) - sum(was)
  return more > SPARE_OF_ALL ? [`all together have ${more} bytes of memory more than before`] : []
}

/** A request that was lost, for people. */
export function inWords({ way, mount, kind, why, began, ended }: Lost): string {
  return `${why} (${way}, /${mount}, ${kind}, after ${Math.round(ended - began)} ms)`
}
