// Where the mounts of a configuration have scripts. A files mount over the same folder serves what is beside them, and never their source.
import { realpathSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isBelow } from '../file-names.ts'

/** A folder with scripts, or one script. */
export interface ScriptPlace {
  /** The mount's place in the configuration, such as `mounts./wp`. */
  readonly mount: string
  /** Absolute. */
  readonly root: string
  /** How the names of scripts end; undefined: every file is one. */
  readonly suffixes: readonly string[] | undefined
}

/** Whether a file, as it is or where links lead, is a script of one of these places. */
export async function isScript(
  path: string,
  places: readonly ScriptPlace[],
  platform?: NodeJS.Platform,
): Promise<boolean> {
  if (places.length === 0) return false
  const target = await realpath(path)
  for (const { root, suffixes } of places) {
    if (suffixes && !suffixes.some((suffix) => endsLike(path, suffix) || endsLike(target, suffix))) continue
    // The folder may be a link that a deployment has set anew.
    const realRoot = await realpath(root).catch(() => root)
    if (isBelow(target, realRoot, platform) || isBelow(path, root, platform)) return true
  }
  return false
}

/** File systems that take large letters for small ones have a script under both. */
function endsLike(path: string, suffix: string): boolean {
  return path.slice(-suffix.length).toLowerCase() === suffix.toLowerCase()
}

/** A files mount that has scripts of another mount in its folder. */
export interface Overlap {
  /** The files mount's place in the configuration. */
  readonly files: string
  readonly scripts: ScriptPlace
}

/** The files mounts among these that have scripts of others in their folder. */
export function overlaps(
  mounts: readonly { readonly path: string; readonly settings: Readonly<Record<string, unknown>> }[],
  directory: string,
  places: readonly ScriptPlace[],
): Overlap[] {
  if (places.length === 0) return []
  return mounts.flatMap(({ path, settings }) => {
    if (typeof settings.files !== 'string') return []
    const folder = real(resolve(directory, settings.files))
    const inside = places.filter(({ root }) => isBelow(folder, real(root)) || isBelow(real(root), folder))
    return inside.map((scripts) => ({ files: path, scripts }))
  })
}

/** For people: what such a mount does not serve. */
export function describeOverlap({ files, scripts: { mount, root, suffixes } }: Overlap): string {
  const which = suffixes ? suffixes.map((suffix) => `*${suffix}`).join(', ') : 'what is there'
  return `${files}.files: ${mount} has scripts below ${root} (${which}): they are 404 here, as their source would be served`
}

function real(path: string): string {
  try {
    return realpathSync.native(path)
  } catch {
    return path
  }
}
