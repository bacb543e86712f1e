// What HAProxy sends by FastCGI: the path, decoded but not normalised, in SCRIPT_NAME (or in two parts, by path-info); no QUERY_STRING
// where it is empty; the port in SERVER_NAME; the user name of an Authorization header whose password nobody checked as REMOTE_USER.
// Proven on the requests in captures/.
import { copyVariables, resolveDots, type Variables } from '../../sidecar/variables.ts'
import { divide, pathOfTarget, requestedName, spelledAsAsked, withoutPort } from '../path.ts'

/**
 * Puts HAProxy's variables right.
 * @throws {PeerError} for a path that leads above the root.
 */
export function repair(variables: Variables): Variables {
  const repaired = copyVariables(variables)
  const { script, path } = paths(variables)
  repaired.SCRIPT_NAME = script
  repaired.PATH_INFO = path
  repaired.QUERY_STRING = variables.QUERY_STRING ?? ''
  repaired.SERVER_NAME = withoutPort(variables.SERVER_NAME ?? '') || requestedName(variables)
  delete repaired.REMOTE_USER
  delete repaired.AUTH_TYPE
  return repaired
}

function paths(variables: Variables): { script: string; path: string } {
  const script = variables.SCRIPT_NAME ?? ''
  const info = variables.PATH_INFO
  const whole = script + (info ?? '')
  const asked = spelledAsAsked(whole === '' ? whole : resolveDots(whole), pathOfTarget(variables.REQUEST_URI))
  return divide(asked, info === undefined ? '' : script)
}
