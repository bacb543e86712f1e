// The variables of a request that a layer makes beside another one: by GET, for another path, with the header fields that say who asks.
import { copyVariables, decodePath, isSecure, resolveDots, splitTarget, type Variables } from '../variables.ts'
import { requestTargets } from '../targets.ts'

/**
 * What is said of the body, of this connection, of a part or of a version that is wanted: nothing of that is asked for. And what clients would
 * say of the path and method that the question is about.
 */
const OF_THE_OTHER =
  /^(?:CONTENT_(?:LENGTH|TYPE)|PATH_TRANSLATED|SCRIPT_FILENAME|DOCUMENT_URI|HTTP_(?:TRANSFER_ENCODING|TE|TRAILER|EXPECT|CONNECTION|KEEP_ALIVE|UPGRADE|SEC_WEBSOCKET_.*|RANGE|IF_.*|X_FORWARDED_.*|FORWARDED|X_ORIGINAL_.*|X_REWRITE_URL|X_HTTP_METHOD.*|X_METHOD_OVERRIDE))$/

/**
 * What is asked.
 * @param of the request that it is about: X-Forwarded-Method, -Uri, -Host, -Proto and -For say what that was
 * @param target path and query, raw
 */
export function questionOf(of: Variables, target: string): Variables {
  const variables = copyVariables(of)
  for (const name in variables) if (OF_THE_OTHER.test(name)) delete variables[name]
  const { path, query } = splitTarget(target)
  variables.REQUEST_METHOD = 'GET'
  variables.REQUEST_URI = target
  variables.SCRIPT_NAME = ''
  variables.PATH_INFO = resolveDots(decodePath(path))
  variables.QUERY_STRING = query
  variables.HTTP_X_FORWARDED_METHOD = of.REQUEST_METHOD!
  variables.HTTP_X_FORWARDED_URI = requestTargets(of).full
  variables.HTTP_X_FORWARDED_HOST = of.HTTP_HOST ?? of.SERVER_NAME!
  variables.HTTP_X_FORWARDED_PROTO = isSecure(of) ? 'https' : 'http'
  if (of.REMOTE_ADDR) variables.HTTP_X_FORWARDED_FOR = of.REMOTE_ADDR
  return variables
}
