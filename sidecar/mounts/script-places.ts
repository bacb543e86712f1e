// Where the mounts of a configuration have scripts. A files mount over the same folder serves what is beside them, and never their source.
import { realpath } from 'node:fs/promises'
import { resolve, sep } from 'node:path'

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
export async function isScript(path: string, places: readonly ScriptPlace[]): Promise<boolean> {
  if (places.length === 0) return false
  const target = await realpath(path)
  for (const { root, suffixes } of places) {
    if (suffixes && !suffixes.some((suffix) => endsLike(path, suffix) || endsLike(target, suffix))) continue
    // The folder may be a link that a deployment has set anew.
    if (isBelow(target, await real(root)) || isBelow(path, root)) return true
  }
  return false
}

/** File systems that take large letters for small ones have a script under both. */
function endsLike(path: string, suffix: string): boolean {
  return path.slice(-suffix.length).toLowerCase() === suffix.toLowerCase()
}

/** The files mounts among these that have scripts of others in their folder, one sentence each. */
export async function scriptWarnings(
  mounts: readonly { readonly path: string; readonly settings: Readonly<Record<string, unknown>> }[],
  directory: string,
  places: readonly ScriptPlace[],
): Promise<string[]> {
  const warnings: string[] = []
  for (const { path, settings } of mounts) {
    if (typeof settings.files !== 'string') continue
    const folder = await real(resolve(directory, settings.files))
    for (const { mount, root, suffixes } of places) {
      const scripts = await real(root)
      if (!isBelow(folder, scripts) && !isBelow(scripts, folder)) continue
      const which = suffixes ? suffixes.map((suffix) => `*${suffix}`).join(', ') : 'what is there'
      warnings.push(
        `${path}.files: ${mount} has scripts below ${root} (${which}): they are 404 here, as their source would be served`,
      )
    }
  }
  return warnings
}

function real(path: string): Promise<string> {
  return realpath(path).catch(() => path)
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}
