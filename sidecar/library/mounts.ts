// The mounts of a configuration, made but not opened.
import { demand, problemsOf, type Problem } from '../problem.ts'
import type { GatewayConfig } from '../config/validate.ts'
import type { Log } from '../log.ts'
import type { PlacedMount } from '../mounted.ts'
import type { MiddlewareContext } from '../middleware/middleware.ts'
import { layeredMount } from './layered-mount.ts'
import { createLayers } from './layers.ts'
import { sharedSettings, type Share } from './share.ts'
import type { MountContext } from '../mounts/mount.ts'
import { overlaps, type Overlap, type ScriptPlace } from '../mounts/script-places.ts'

/** Mounts by their place, and what was wrong with others. */
export interface CreatedMounts {
  readonly mounts: readonly PlacedMount[]
  readonly problems: readonly Problem[]
}

/** Where the mounts of a configuration have scripts. */
export function scriptPlaces({ mounts, directory }: GatewayConfig): ScriptPlace[] {
  return mounts.flatMap(({ kind, settings, path }) => {
    const place = kind.scripts?.(settings, directory)
    return place ? [{ mount: path, ...place }] : []
  })
}

/** The files mounts that have scripts of other mounts in their folder. */
export function scriptOverlaps(config: GatewayConfig): Overlap[] {
  return overlaps(config.mounts, config.directory, scriptPlaces(config))
}

const ALONE: Share = { place: 0, of: 1 }

/** Makes every mount with the layers in front of it; starts nothing. `source`: hears of each file that an app loads. */
export function createMounts(
  config: GatewayConfig,
  log: Log,
  ask: MiddlewareContext['ask'],
  share: Share = ALONE,
  source?: MountContext['source'],
): CreatedMounts {
  const { directory } = config
  const scripts = scriptPlaces(config)
  const mounts: PlacedMount[] = []
  const problems: Problem[] = []
  for (const { key, kind, settings, use, path } of config.mounts) {
    try {
      const own = sharedSettings(settings, share)
      const several = share.of > 1
      const make = () => kind.create(own, { key, path, directory, log, scripts, several, source })
      const front = () => createLayers(use, { mount: key, directory, log, ask, scripts })
      const again = () => {
        const made = front()
        // One that cannot be made now is not left out: it may be a guard.
        demand(made)
        return made.layers
      }
      const { layers, problems: wrong } = front()
      problems.push(...wrong)
      mounts.push({
        key,
        mount: layeredMount(make(), layers, again),
        another: () => layeredMount(make(), again(), again),
      })
    } catch (error) {
      const found = problemsOf(error)
      if (!found) throw error
      problems.push(...found)
    }
  }
  return { mounts, problems }
}
