// Runs the cases against an app that is already being served. Knows no test framework.
import { impossibleBehind, type Behind } from './behind.ts'
import type { Case, Interface, RequestSpec, Run, Transport } from './case.ts'
import { cases as allCases } from './cases.ts'
import { open, type Answer, type Live } from './client.ts'

/** What is to be tested. */
export interface ConformanceOptions {
  /** Where it listens: `127.0.0.1:8080`, `unix:/run/s.sock` or `pipe:sidegate`. */
  readonly address: string
  /** What is spoken there. */
  readonly transport: Transport
  /** What the app under test is written to. */
  readonly interface: Interface
  /** Where the app is mounted: `/prefix`. Default: ``, the root. */
  readonly prefix?: string
  /** The web server in front, and what it speaks to the gateway: cases that it makes impossible are not asked. */
  readonly behind?: Behind
  /** Default: all cases. */
  readonly cases?: readonly Case[]
}

/** How one case went. */
export interface ConformanceResult {
  readonly name: string
  readonly spec: string
  readonly result: 'passed' | 'failed' | 'notApplicable'
  /** Why it failed, or why it does not apply. */
  readonly reason?: string
  readonly error?: unknown
}

/** No condition of a case takes longer to come true. */
const UNTIL_MS = 10_000
const ASK_AGAIN_MS = 20

let runs = 0

/** Runs the cases one after the other; gives how each went. */
export async function runConformance(options: ConformanceOptions): Promise<ConformanceResult[]> {
  const results: ConformanceResult[] = []
  for (const one of options.cases ?? allCases) results.push(await runCase(one, options))
  return results
}

/** Runs one case. */
export async function runCase(one: Case, options: ConformanceOptions): Promise<ConformanceResult> {
  const { name, spec } = one
  const reason = notApplicable(one, options)
  if (reason !== undefined) return { name, spec, result: 'notApplicable', reason }
  const run = prepare(options)
  const request = { ...one.request, target: one.request.target.replace('TOKEN', run.token) }
  try {
    const live = await run.open(one.app, request)
    try {
      if (one.live) await one.live(live, run)
      if (one.check) await one.check(await live.whole(), run)
    } finally {
      live.destroy()
    }
    return { name, spec, result: 'passed' }
  } catch (error) {
    return { name, spec, result: 'failed', reason: error instanceof Error ? error.message : String(error), error }
  }
}

/** Why a case cannot be asked of what is to be tested; undefined when it can. */
export function notApplicable(
  one: Case,
  options: Pick<ConformanceOptions, 'transport' | 'interface' | 'prefix' | 'behind'>,
): string | undefined {
  if (one.needsPrefix && !options.prefix) return 'only for an app below a prefix'
  return (
    one.notApplicable?.[options.interface] ??
    one.notOver?.[options.transport] ??
    (options.behind && impossibleBehind(options.behind, one.name))
  )
}

function prepare(options: ConformanceOptions): Run {
  const { address, transport, interface: kind, prefix = '' } = options
  const ask = (app: string, request: RequestSpec): Live =>
    open(
      { address, transport },
      {
        ...request,
        target: prefix + request.target,
        headers: [['X-Conformance-Case', app], ...(request.headers ?? [])],
      },
    )
  return {
    interface: kind,
    prefix,
    transport,
    token: `${process.pid.toString(36)}-${(++runs).toString(36)}`,
    open: async (app, request) => ask(app, request),
    request: (app, request): Promise<Answer> => ask(app, request).whole(),
    async until(what, found) {
      const end = performance.now() + UNTIL_MS
      while (!(await found())) {
        if (performance.now() > end) throw new Error(`${what} did not come true within ${UNTIL_MS / 1000} s`)
        await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS))
      }
    },
  }
}
