// What one handler has to stand: requests in a row, aborts, restarts of Sidegate under load; no wrong response, no leaked handle. And what it
// costs.
import { join } from 'node:path'
import { table } from '../document.ts'
import { temporaryFolder, until } from '../harness.ts'
import { MAIN } from '../built.ts'
import { FastcgiApplication, IisError } from './application.ts'
import { HANDLER } from './conformance.ts'
import { startWindowsGateway, type WindowsGateway } from './gateway.ts'
import { nodeExe } from './places.ts'
import { iisVariables } from './variables.ts'
import { windowsPath } from './wine.ts'

const REQUESTS = 10_000
const ABORTS = 1000
const RESTARTS = 20
/** Requests that are asked at the same time while Sidegate is restarted. */
const AT_ONCE = 2
const BETWEEN_RESTARTS = 50
/** Requests before the first count: caches and pools of Node.js fill. */
const WARM_UP = 500
/** Node.js opens and closes some by itself. */
const HANDLES_MAY_DIFFER = 5
const TIMED = 2000

const APP = windowsPath(join(import.meta.dirname, 'apps/site.mjs'))
const SITE = { path: '', folder: String.raw`C:\inetpub\wwwroot` }

const get = (target: string) => ({
  variables: iisVariables({ method: 'GET', target, rawHeaders: ['Host', 'localhost'] }, SITE),
})

/** One line of the proof. */
export interface ProofRow {
  readonly what: string
  readonly result: string
  readonly ok: boolean
}

/** Runs all of it. */
export async function prove(): Promise<ProofRow[]> {
  const folder = temporaryFolder()
  const address = `pipe:sidegate-proof-${process.pid}`
  const start = (): Promise<WindowsGateway> =>
    startWindowsGateway({ config: { host: 'iis', listen: [`fastcgi://${address}`], mounts: { '/': { node: APP } } } })
  let gateway = await start()
  const register = (maxInstances: number, words: string, cwd?: string): FastcgiApplication =>
    new FastcgiApplication({
      fullPath: nodeExe('24.21.0'),
      arguments: words,
      cwd,
      maxInstances,
      instanceMaxRequests: Infinity,
    })
  const handler = `"${HANDLER}" ${address} "${windowsPath(folder.path)}"`
  const one = register(1, handler)
  const two = register(AT_ONCE, handler)
  const direct = register(1, `"${windowsPath(MAIN)}" serve "node:${APP}" --host iis --listen stdin:`, folder.path)
  try {
    await ask(one, WARM_UP)
    const pid = await pidOf(one)
    const counts = (): Promise<number[]> => Promise.all([one.instances[0]!.handles(), one.instances[0]!.handles(pid)])
    const before = await counts()
    const wrong = await ask(one, REQUESTS)
    const after = await counts()
    const wrongAborts = await abort(one, ABORTS)
    const afterAborts = await counts()
    await ask(direct, WARM_UP)
    const [through, short] = await time([one, direct])
    const instances = one.started
    await Promise.all([one.stop(), direct.stop()])

    const load = new Load(two)
    for (let turn = 0; turn < RESTARTS; turn++) {
      const { right } = load
      await until('requests go through', () => load.right >= right + BETWEEN_RESTARTS, 60_000)
      await gateway.kill()
      gateway = await start()
    }
    await load.stop()
    const leaks = (counted: number[]): boolean => counted.every((n, i) => n - before[i]! <= HANDLES_MAY_DIFFER)
    return [
      {
        what: `${REQUESTS} requests in a row`,
        result: `${wrong} wrong, ${instances} instance`,
        ok: wrong + instances === 1,
      },
      { what: `handles of handler and Sidegate before, and after`, result: `${before} and ${after}`, ok: leaks(after) },
      {
        what: `${ABORTS} requests aborted, each followed by one that is not`,
        result: `${wrongAborts} wrong`,
        ok: wrongAborts === 0,
      },
      { what: 'handles after that', result: String(afterAborts), ok: leaks(afterAborts) },
      {
        what: `${RESTARTS} restarts of Sidegate, ${AT_ONCE} requests at a time`,
        result: `${load.right} right, ${load.lost} answered with 502, ${load.cut} cut, ${load.wrong} wrong, ${two.started} instances`,
        ok: load.wrong === 0,
      },
      {
        what: 'a small request, median and 99 of 100: through the handler; without it (`--listen stdin:`)',
        result: `${through}; ${short}`,
        ok: true,
      },
    ]
  } finally {
    await Promise.all([one.stop(), two.stop(), direct.stop()])
    await gateway.kill()
    folder.remove()
  }
}

/** Gives how many of so many answers were not the right one. */
async function ask(application: FastcgiApplication, times: number): Promise<number> {
  let wrong = 0
  for (let turn = 0; turn < times; turn++) {
    const { head, body } = await application.ask(get(`/echo?${turn}`))
    if (head.status !== 200 || body.toString() !== `{"echo":"${turn}"}`) wrong++
  }
  return wrong
}

async function pidOf(application: FastcgiApplication): Promise<number> {
  return (JSON.parse((await application.ask(get('/pid'))).body.toString()) as { pid: number }).pid
}

/** Half of them before the response has begun, half after that. */
async function abort(application: FastcgiApplication, times: number): Promise<number> {
  let wrong = 0
  for (let turn = 0; turn < times; turn++) {
    const leaving = new AbortController()
    const late = turn % 2 === 1
    const answer = application.ask({
      ...get(late ? '/head-then-wait' : '/wait'),
      signal: leaving.signal,
      onHead: () => leaving.abort(),
    })
    if (!late) leaving.abort()
    const gone = await answer.then(
      () => false,
      (error: unknown) => error === leaving.signal.reason,
    )
    if (!gone) wrong++
    wrong += await ask(application, 1)
  }
  return wrong
}

/** Asks until it is told to stop. A request may be lost with the Sidegate that has it, and is answered as such; nothing else may happen. */
class Load {
  right = 0
  /** Answered with 502. */
  lost = 0
  /** The pipe was closed on a response that had begun, which IIS can tell. */
  cut = 0
  wrong = 0
  readonly #application: FastcgiApplication
  readonly #asking: Promise<unknown>
  #over = false

  constructor(application: FastcgiApplication) {
    this.#application = application
    this.#asking = Promise.all(Array.from({ length: AT_ONCE }, () => this.#ask()))
  }

  async stop(): Promise<void> {
    this.#over = true
    await this.#asking
  }

  async #ask(): Promise<void> {
    for (let turn = 0; !this.#over; turn++) {
      try {
        const { head, body } = await this.#application.ask(get(`/echo?${turn}`))
        if (head.status === 502) this.lost++
        else if (head.status === 200 && body.toString() === `{"echo":"${turn}"}`) this.right++
        else this.wrong++
      } catch (error) {
        if (!(error instanceof IisError)) throw error
        this.cut++
      }
    }
  }
}

/** Asks one application after the other, so that whatever else the machine does falls on all of them. */
async function time(applications: readonly FastcgiApplication[]): Promise<string[]> {
  const times: number[][] = applications.map(() => [])
  for (let turn = 0; turn < TIMED; turn++) {
    for (const [index, application] of applications.entries()) {
      const begin = performance.now()
      await application.ask(get('/echo?x'))
      times[index]!.push(performance.now() - begin)
    }
  }
  return times.map((all) => {
    all.sort((a, b) => a - b)
    return [0.5, 0.99].map((part) => `${all[Math.floor(TIMED * part)]!.toFixed(2)} ms`).join(', ')
  })
}

/** The table in docs/hosts/iis.md. */
export function proofTable(rows: readonly ProofRow[]): string {
  return table(
    ['what', 'result'],
    rows.map(({ what, result }) => [what, result]),
  )
}
