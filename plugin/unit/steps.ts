// The steps of a route: files that Unit serves itself, and all that is mounted, for Sidegate.
import { prefixes, type PlacedMount } from '../mounts.ts'
import { withheldPattern } from '../shared.ts'
import { isList, member, type Json, type JsonObject } from './json.ts'
import { filePath, uriPattern } from './words.ts'
import { withoutTrailing } from '../../sidecar/trailing.ts'

/** The steps, by where they stand in a route that has others. */
export interface Steps {
  /** For paths below a prefix: ahead of others. */
  readonly first: readonly JsonObject[]
  /** For all that is left, when something is mounted at the root. */
  readonly last: readonly JsonObject[]
}

/**
 * @param proxy the address of Sidegate, as of `proxyAddress`
 * @param mark the pattern that stands in each step
 */
export function stepsFor(mounts: readonly PlacedMount[], proxy: string, mark: string): Steps {
  const shared = mounts.map((mount) => share(mount, mounts, proxy, mark)).filter((step) => step !== undefined)
  const places = prefixes(mounts)
  const patterns = places.includes('')
    ? []
    : places.flatMap((place) => [uriPattern(place), uriPattern(`${place}/`) + '*'])
  const pass: JsonObject = { match: { uri: [...patterns, mark] }, action: { proxy } }
  return patterns.length > 0 ? { first: [...shared, pass], last: [] } : { first: [], last: [...shared, pass] }
}

/** True for a step that takes every request, whatever its host and path. */
export function isCatchAll(step: Json): boolean {
  const match = member(step, 'match')
  const uri = member(match, 'uri')
  const patterns = isList(uri) ? uri : [uri]
  return member(match, 'host') === undefined && patterns.every((pattern) => String(pattern).startsWith('!'))
}

/** True when Unit serves the files of a mount itself. */
export function isShared({ folder, prefix }: PlacedMount): boolean {
  return folder !== undefined && withoutPrefix(folder.path, prefix) !== undefined
}

/**
 * Unit has no way to take a prefix off a path: a folder can be shared that is mounted at the root, or whose own path ends like its prefix
 * (`/static`, `/srv/site/static`). Whatever it does not find, or may not serve, it asks Sidegate for.
 */
function share(
  mount: PlacedMount,
  mounts: readonly PlacedMount[],
  proxy: string,
  mark: string,
): JsonObject | undefined {
  const { folder, shared, prefix, host } = mount
  const served = folder ?? shared
  const root = served && withoutPrefix(served.path, prefix)
  if (!served || root === undefined) return undefined
  // Sidegate decides where another mount might be meant.
  const below = mounts.filter((other) => other.prefix.startsWith(`${prefix}/`)).map((other) => other.prefix)
  const others = mounts.map((other) => other.host).filter((other) => other !== '' && other !== host)
  const hosts = host === '' ? [...new Set(others)].map((other) => `!${other}`) : [host]
  const uri = [
    `${uriPattern(prefix)}/*`,
    ...[...new Set(below)].flatMap((other) => [`!${uriPattern(other)}`, `!${uriPattern(other)}/*`]),
    ...(shared ? [`!~(?i)${withheldPattern(mount)}`] : folder!.dotfiles ? [] : ['!*/.*']),
    // Unit knows one name for an index, and has one by itself.
    ...(folder?.index.length === 1 ? [] : ['!*/']),
    mark,
  ]
  const path = withoutTrailing(served.path, '/')
  const action: Record<string, Json> = {
    share: `${filePath(root)}$uri`,
    ...(folder?.index.length === 1 && { index: folder.index[0]! }),
    ...(!folder?.followSymlinks && { chroot: `${filePath(path)}/` }),
    // Beside scripts a link may lead to one of them.
    ...(shared && { follow_symlinks: false }),
    response_headers: { 'Cache-Control': `public, max-age=${served.maxAge}` },
    fallback: { proxy },
  }
  // What else is done to a file beside scripts is the business of an app.
  return {
    match: { ...(shared && { method: ['GET', 'HEAD'] }), ...(hosts.length > 0 && { host: hosts }), uri },
    action,
  }
}

/** The folder in which the path of a request, prefix and all, leads to the file. */
function withoutPrefix(path: string, prefix: string): string | undefined {
  const folder = withoutTrailing(path, '/')
  return folder.endsWith(prefix) ? folder.slice(0, folder.length - prefix.length) : undefined
}
