// Which mount a module belongs to: what happens outside of requests, such as the end of the process, names its app by the code that did it.
import { dirname, sep } from 'node:path'

/** Files that mounts have loaded, or are loading, with the places of the mounts in the configuration. */
const loaded = new Map<string, Set<string>>()

/** A mount loads this file. */
export function noteLoaded(file: string, path: string): void {
  const paths = loaded.get(file)
  if (paths) paths.add(path)
  else loaded.set(file, new Set([path]))
}

/**
 * The mounts, as `mounts./shop`, whose code these files are, of which the first is the innermost: those that loaded one of them; else those
 * that loaded a file beside or above the first.
 */
export function mountsOf(files: readonly string[]): string[] {
  return modulesOf(files).flatMap((file) => [...loaded.get(file)!])
}

/** The files that those mounts loaded. */
export function modulesOf(files: readonly string[]): string[] {
  const own = files.find((file) => loaded.has(file))
  if (own !== undefined) return [own]
  const near = [...loaded.keys()].filter((file) => files[0]?.startsWith(dirname(file) + sep))
  const longest = Math.max(...near.map((file) => dirname(file).length))
  return near.filter((file) => dirname(file).length === longest)
}
