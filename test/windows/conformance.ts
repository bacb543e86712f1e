// The conformance suite through the stand-in for IIS: HTTP → stand-in → handler on node.exe → Sidegate on node.exe → app.
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { apps, impossibleCases, runConformance, type Interface } from '../conformance/index.ts'
import { table } from '../document.ts'
import { temporaryFolder } from '../harness.ts'
import { FastcgiApplication } from './application.ts'
import { startFront } from './front.ts'
import { startWindowsGateway } from './gateway.ts'
import { nodeExe, PYTHON } from './places.ts'
import { windowsPath } from './wine.ts'

/** The handler, as it is shipped. */
export const HANDLER: string = windowsPath(join(import.meta.dirname, '../../dist/plugin/iis/handler.js'))

/** The interfaces that are asked there. */
export type Served = Exclude<Interface, 'asgi'>

/** What is served, by which settings of a mount, and below which prefix. */
const SERVED: Readonly<Record<Served, { settings: Readonly<Record<string, unknown>>; prefix: string }>> = {
  app: { settings: { app: target('app'), lint: false }, prefix: '/prefix' },
  node: { settings: { node: target('node') }, prefix: '/api' },
  fetch: { settings: { fetch: target('fetch') }, prefix: '/hono' },
  python: {
    settings: {
      python: 'app:application',
      path: windowsPath(dirname(fileURLToPath(apps.python))),
      interpreter: windowsPath(PYTHON),
      processes: 1,
      threads: 4,
    },
    prefix: '/shop',
  },
}

function target(one: Interface): string {
  return windowsPath(fileURLToPath(apps[one]))
}

/** What a run of one interface gave, at the root and below its prefix. */
export interface ConformanceRow {
  readonly interface: string
  readonly passed: number
  /** The name of each case that failed, and why. */
  readonly failed: readonly string[]
}

/** Runs all cases for one interface. */
export async function conformanceOf(kind: Served): Promise<ConformanceRow> {
  const { settings, prefix } = SERVED[kind]
  let passed = 0
  const failed: string[] = []
  for (const place of ['', prefix]) {
    for (const { name, result, reason } of await run(kind, settings, place)) {
      if (result === 'passed') passed++
      else if (result === 'failed') failed.push(`${name} at ${place || '/'}: ${reason}`)
    }
  }
  return { interface: kind, passed, failed }
}

async function run(kind: Interface, settings: Readonly<Record<string, unknown>>, prefix: string) {
  const site = temporaryFolder()
  mkdirSync(join(site.path, 'logs'))
  const address = `pipe:sidegate-conformance-${process.pid}-${kind}-${prefix.slice(1)}`
  const gateway = await startWindowsGateway({
    config: { host: 'iis', listen: [`fastcgi://${address}`], mounts: { [prefix || '/']: settings } },
  })
  const application = new FastcgiApplication({
    fullPath: nodeExe('24.21.0'),
    arguments: `"${HANDLER}" ${address} "${windowsPath(site.path)}"`,
    instanceMaxRequests: 10_000,
    // each response that an app breaks off is the end of an instance
    rapidFailsPerMinute: 100,
  })
  const front = await startFront(application, { path: '', folder: String.raw`C:\inetpub\wwwroot` })
  try {
    return await runConformance({
      address: front.address,
      transport: 'http',
      interface: kind,
      prefix,
      behind: { host: 'iis', protocol: 'fastcgi' },
    })
  } finally {
    await front.stop()
    await gateway.kill()
    site.remove()
  }
}

/** The table in docs/hosts/iis.md. */
export function conformanceTable(rows: readonly ConformanceRow[]): string {
  const reasons = Object.entries(impossibleCases({ host: 'iis', protocol: 'fastcgi' }))
  const left = reasons.map(([name, reason]) => `\`${name}\`: ${reason}`).join('; ') || 'none'
  return table(
    ['interface', 'passed', 'failed', 'not applicable behind IIS, and why'],
    rows.map((row) => [row.interface, String(row.passed), String(row.failed.length), left]),
  )
}
