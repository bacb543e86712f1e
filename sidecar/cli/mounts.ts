// The mounts of a configuration, made but not opened.
import { problemsOf, type Problem } from '../config/problem.ts'
import type { GatewayConfig } from '../config/validate.ts'
import type { Log } from '../log.ts'
import type { Mount } from '../mounts/mount.ts'

/** Mounts by their place, and what was wrong with others. */
export interface CreatedMounts {
  readonly mounts: readonly { readonly key: string; readonly mount: Mount }[]
  readonly problems: readonly Problem[]
}

/** Makes every mount; starts nothing. */
export function createMounts(config: GatewayConfig, log: Log): CreatedMounts {
  const mounts: { key: string; mount: Mount }[] = []
  const problems: Problem[] = []
  for (const { key, kind, settings, path } of config.mounts) {
    try {
      mounts.push({ key, mount: kind.create(settings, { key, path, directory: config.directory, log }) })
    } catch (error) {
      const found = problemsOf(error)
      if (!found) throw error
      problems.push(...found)
    }
  }
  return { mounts, problems }
}
