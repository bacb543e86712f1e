// What the repairs of all hosts have in common: the path that was asked for, and the parts of it that a host's variables name.
import { decodePath, resolveDots, splitTarget, type Variables } from '../sidecar/variables.ts'

/**
 * The path a client asked for, decoded, dots resolved; undefined when there is none (`*`, no REQUEST_URI).
 * @throws {PeerError} for a path that cannot be decoded, or leads above the root.
 */
export function pathOfTarget(target: string | undefined): string | undefined {
  if (!target) return undefined
  const { path } = splitTarget(target)
  return path.startsWith('/') ? resolveDots(decodePath(path)) : undefined
}

/** What follows a prefix of whole segments, or undefined when the path does not begin with it. */
export function without(path: string, prefix: string): string | undefined {
  if (!path.startsWith(prefix)) return undefined
  const rest = path.slice(prefix.length)
  return rest === '' || rest.startsWith('/') ? rest : undefined
}

/** Repeated slashes as one, as most hosts see a path. */
export function mergeSlashes(path: string): string {
  return path.includes('//') ? path.replace(/\/{2,}/g, '/') : path
}

/**
 * The path in the client's spelling (`//` and all) where it is the same path as the host's, else the host's: what a host rewrote
 * counts, and nobody gets past a rule of the host that guards a path.
 * @param whole the host's path, decoded, dots resolved
 * @param wanted what `pathOfTarget` gives
 */
export function spelledAsAsked(whole: string, wanted: string | undefined): string {
  return wanted !== undefined && mergeSlashes(wanted) === mergeSlashes(whole) ? wanted : whole
}

/** Divides a path at SCRIPT_NAME; where it does not begin with that, SCRIPT_NAME is empty. */
export function divide(whole: string, script: string): { script: string; path: string } {
  const path = without(whole, script)
  return path === undefined ? { script: '', path: whole } : { script, path }
}

/** The name asked for. PEP 3333: SERVER_NAME is never empty. */
export function requestedName(variables: Variables): string {
  return withoutPort(variables.HTTP_HOST ?? '') || variables.SERVER_ADDR || 'localhost'
}

/** A host name or address without the port behind it. */
export function withoutPort(host: string): string {
  return host.startsWith('[') ? host.slice(0, host.indexOf(']') + 1) : host.replace(/:[0-9]*$/, '')
}
