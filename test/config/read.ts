// Reads configurations as the command line does: from a file in a folder of its own.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../../sidecar/config/load.ts'
import { formatProblem } from '../../sidecar/problem.ts'
import { validateConfig, type GatewayConfig } from '../../sidecar/config/validate.ts'
import { kinds } from '../../sidecar/mounts/index.ts'
import { temporaryFolder } from '../harness.ts'

/** What came of a configuration. */
export interface ReadConfig {
  readonly config: GatewayConfig
  /** Its problems, a line each. */
  readonly problems: readonly string[]
}

/** Writes `text` to a file of this name and reads it. */
export async function readConfig(
  name: string,
  text: string | Uint8Array,
  environment: Record<string, string> = {},
  cwd?: string,
  platform?: NodeJS.Platform,
): Promise<ReadConfig> {
  const folder = temporaryFolder()
  try {
    writeFileSync(join(folder.path, name), text)
    const source = await loadConfig(join(folder.path, name), cwd ?? folder.path, environment)
    const { config, problems } = await validateConfig(source, kinds, cwd ?? folder.path, platform)
    return { config, problems: problems.map((problem) => formatProblem(problem).replaceAll(`${folder.path}/`, '')) }
  } finally {
    folder.remove()
  }
}
