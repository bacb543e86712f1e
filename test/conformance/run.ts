// Runs the cases against an app that is served. Knows no test framework.
import { UpstreamError } from '../../sidecar/errors.ts'
import { impossibleBehind, type Behind } from './behind.ts'
import type { Answer } from './answer.ts'
import { NotOffered, type Case, type Interface, type RequestSpec, type Run, type Transport } from './case.ts'
import { casesFor } from './cases.ts'
import { open, type Live } from './client.ts'
import { startServer, type Lifespan, type Started } from './start.ts'
import { handshake, handshakeKey, WebSocketLive } from './websocket.ts'

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
  /** Default: all that there are for the interface. */
  readonly cases?: readonly Case[]
  /** A command line that starts the server there. Default: it runs, and cases about its start and its end are not asked. */
  readonly start?: string
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

/** Runs the cases one after the other; gives how each went. @throws {UpstreamError} CONFORMANCE_SERVER when the server that is to be started does not serve. */
export async function runConformance(options: ConformanceOptions): Promise<ConformanceResult[]> {
  const results: ConformanceResult[] = []
  for await (const result of runCases(options)) results.push(result)
  return results
}

/** The same, one at a time. Cases about the start of the server come last: until then it runs, if it is to be started. */
export async function* runCases(options: ConformanceOptions): AsyncGenerator<ConformanceResult> {
  const { cases = casesFor(options.interface), start, address } = options
  const asked = cases.filter(({ started }) => !started)
  const server = start === undefined || asked.length === 0 ? undefined : startServer(start, address, 'plain')
  try {
    if (server && !(await server.ready()))
      throw new UpstreamError('CONFORMANCE_SERVER', `the server ended before it served:\n${server.output()}`)
    for (const one of asked) yield await runCase(one, options)
  } finally {
    await server?.stop()
  }
  for (const one of cases) if (one.started) yield await runCase(one, options)
}

/** Runs one case. */
export async function runCase(one: Case, options: ConformanceOptions): Promise<ConformanceResult> {
  const { name, spec } = one
  const reason = notApplicable(one, options)
  if (reason !== undefined) return { name, spec, result: 'notApplicable', reason }
  const run = prepare(options)
  try {
    if (one.started) await withServer(options, one.started.lifespan, (server) => one.started!.check(server, run))
    else await ask(one, run)
    return { name, spec, result: 'passed' }
  } catch (error) {
    if (error instanceof NotOffered) return { name, spec, result: 'notApplicable', reason: error.message }
    return { name, spec, result: 'failed', reason: error instanceof Error ? error.message : String(error), error }
  }
}

async function ask(one: Case, run: Run): Promise<void> {
  const request = { ...one.request, target: one.request.target.replace('TOKEN', run.token) }
  const socket = one.socket && (await run.connect(one.app, request))
  const live = socket?.live ?? (await run.open(one.app, request))
  try {
    if (socket) await one.socket!(socket, run)
    if (one.live) await one.live(live, run)
    if (one.check) await one.check(await live.whole(), run)
  } finally {
    live.destroy()
  }
}

async function withServer(
  { start, address }: ConformanceOptions,
  lifespan: Lifespan,
  use: (server: Started) => Promise<void>,
): Promise<void> {
  const server = startServer(start!, address, lifespan)
  try {
    await use(server)
  } finally {
    await server.stop()
  }
}

/** Why a case cannot be asked of what is to be tested; undefined when it can. */
export function notApplicable(
  one: Case,
  options: Pick<ConformanceOptions, 'transport' | 'interface' | 'prefix' | 'behind' | 'start'>,
): string | undefined {
  if (one.needsPrefix && !options.prefix) return 'only for an app below a prefix'
  if (one.started && options.start === undefined) return 'only for a server that the suite starts'
  return (
    one.notApplicable?.[options.interface] ??
    one.notOver?.[options.transport] ??
    (options.behind && impossibleBehind(options.behind, one.name))
  )
}

function prepare(options: ConformanceOptions): Run {
  const { address, transport, interface: kind, prefix = '' } = options
  const send = (app: string, request: RequestSpec): Live =>
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
    open: async (app, request) => send(app, request),
    request: (app, request): Promise<Answer> => send(app, request).whole(),
    async connect(app, request) {
      const key = handshakeKey()
      return new WebSocketLive(send(app, handshake(request, key)), key)
    },
    async until(what, found) {
      const end = performance.now() + UNTIL_MS
      while (!(await found())) {
        if (performance.now() > end) throw new Error(`${what} did not come true within ${UNTIL_MS / 1000} s`)
        await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS))
      }
    },
  }
}
