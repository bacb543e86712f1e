// Loads the targets named on standard input in a plain Node.js, as vitest has a loader of its own, and prints what came of each.
import { text } from 'node:stream/consumers'
import { ConfigError } from '../../sidecar/errors.ts'
import { loadTarget } from '../../sidecar/mounts/load.ts'

/** What came of one target. */
export interface Outcome {
  /** What the function that was loaded says. */
  says?: string
  code?: string
  path?: string
  message?: string
  cause?: string
}

const { directory, targets } = JSON.parse(await text(process.stdin)) as { directory: string; targets: string[] }
const outcomes: Record<string, Outcome> = {}
for (const target of targets) {
  try {
    const context = { path: 'mounts./shop', directory }
    const { exported } = await loadTarget(target, context, ['app', 'application'], { setting: 'node', timeout: 500 })
    outcomes[target] = { says: (exported as () => string)() }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { code, path, message, cause } = error
    outcomes[target] = { code, path, message, ...(cause instanceof Error ? { cause: cause.stack! } : {}) }
  }
}
process.stdout.write(JSON.stringify(outcomes))
