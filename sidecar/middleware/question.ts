// The variables of a request that a layer makes beside another one: by GET, for another path, with the header fields that say who asks.
import { foldedPath } from '../file-names.ts'
import { parseMountPlace } from '../mount-place.ts'
import {
  copyVariables,
  decodePath,
  encodePath,
  isSecure,
  resolveDots,
  splitTarget,
  type Variables,
} from '../variables.ts'
import { requestTargets } from '../targets.ts'

/**
 * What is said of the body, of this connection, of a part or of a version that is wanted: nothing of that is asked for. And another method,
 * or path, in disguise.
 */
const OF_THE_OTHER =
  /^(?:CONTENT_(?:LENGTH|TYPE)|PATH_TRANSLATED|SCRIPT_FILENAME|DOCUMENT_URI|HTTP_(?:TRANSFER_ENCODING|TE|TRAILER|EXPECT|CONNECTION|KEEP_ALIVE|UPGRADE|SEC_WEBSOCKET_.*|RANGE|IF_.*|X_ORIGINAL_.*|X_REWRITE_URL|X_HTTP_METHOD.*|X_METHOD_OVERRIDE))$/

const FORWARDED = /^HTTP_(?:X_FORWARDED_.*|FORWARDED)$/

/**
 * What is asked: below the prefix that the web server in front has taken away from the path, if any.
 * @param of the request that it is about
 * @param target path and query, raw, as paths of this gateway are written
 * @param mount the key of the mount in front of which the layer stands; undefined: in front of them all
 */
export function questionOf(of: Variables, target: string, mount: string | undefined): Variables {
  const variables = copyVariables(of)
  for (const name in variables) if (OF_THE_OTHER.test(name)) delete variables[name]
  const { path, query } = splitTarget(target)
  const script = givenScript(of, mount)
  variables.REQUEST_METHOD = 'GET'
  variables.REQUEST_URI = encodePath(script) + target
  variables.SCRIPT_NAME = script
  variables.PATH_INFO = resolveDots(decodePath(path))
  variables.QUERY_STRING = query
  return variables
}

/**
 * Says of a question what it is about: X-Forwarded-Method, -Uri, -Host, -Proto and -For in the place of what clients say there.
 * @param variables of the question
 */
export function tellRequest(variables: Variables, of: Variables): void {
  for (const name in variables) if (FORWARDED.test(name)) delete variables[name]
  variables.HTTP_X_FORWARDED_METHOD = of.REQUEST_METHOD!
  variables.HTTP_X_FORWARDED_URI = requestTargets(of).full
  variables.HTTP_X_FORWARDED_HOST = of.HTTP_HOST ?? of.SERVER_NAME!
  variables.HTTP_X_FORWARDED_PROTO = isSecure(of) ? 'https' : 'http'
  if (of.REMOTE_ADDR) variables.HTTP_X_FORWARDED_FOR = of.REMOTE_ADDR
}

/**
 * The SCRIPT_NAME of a request as it was in front of the gateway.
 * @param mount the key of the mount that it was given to; undefined: none yet
 */
export function givenScript({ SCRIPT_NAME: script = '' }: Variables, mount: string | undefined): string {
  const { prefix } = parseMountPlace(mount ?? '')
  // As the router compares them.
  return foldedPath(script).endsWith(foldedPath(prefix)) ? script.slice(0, script.length - prefix.length) : ''
}
