// A local redirect (RFC 3875 6.2.2): a script that answers with nothing but `Location: /path?query` wants the response of that path in
// place of its own, without a round trip to the client.
import { foldedPath } from '../../file-names.ts'
import { parseMountPlace } from '../../mount-place.ts'
import { copyVariables, decodePath, resolveDots, splitTarget, type Variables } from '../../variables.ts'
import type { Head } from '../../wire/head.ts'

/** Fields beside Location that say nothing which would be lost. */
const WITHOUT_MEANING: ReadonlySet<string> = new Set(['location', 'content-type', 'content-length'])

/**
 * The path of a local redirect, undefined when the head is something else: a status was given, the Location is an address, or there are
 * fields (a cookie) that the client has to see.
 */
export function localPath({ headers }: Head, statusGiven: boolean): string | undefined {
  if (statusGiven) return undefined
  const locations = headers.filter(([name]) => name.toLowerCase() === 'location')
  const [first, ...others] = locations
  if (!first || others.length > 0 || !/^\/(?!\/)/.test(first[1])) return undefined
  return headers.every(([name]) => WITHOUT_MEANING.has(name.toLowerCase())) ? first[1] : undefined
}

/**
 * The request that a local redirect stands for, as the host would have sent it: GET (HEAD stays HEAD), without a body.
 * @param key of the mount that the script belongs to
 * @returns undefined when the path is not among those that the host sends here: the client has to ask for it
 * @throws {PeerError} for a path that cannot be decoded
 */
export function redirected(
  variables: Variables,
  key: string,
  location: string,
  platform?: NodeJS.Platform,
): Variables | undefined {
  const { prefix } = parseMountPlace(key)
  const { SCRIPT_NAME: script = '' } = variables
  // As the router compares them.
  if (!foldedPath(script, platform).endsWith(foldedPath(prefix, platform))) return undefined
  const base = script.slice(0, script.length - prefix.length)
  const { path: raw, query } = splitTarget(location)
  const path = resolveDots(decodePath(raw))
  if (base !== '' && path !== base && !path.startsWith(`${base}/`)) return undefined
  const made = copyVariables(variables)
  made.SCRIPT_NAME = base
  made.PATH_INFO = path.slice(base.length)
  made.QUERY_STRING = query
  made.REQUEST_URI = location
  if (made.REQUEST_METHOD !== 'HEAD') made.REQUEST_METHOD = 'GET'
  for (const name of ['CONTENT_LENGTH', 'CONTENT_TYPE', 'HTTP_TRANSFER_ENCODING', 'HTTP_EXPECT']) delete made[name]
  return made
}
