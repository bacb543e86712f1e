// What Caddy sends by FastCGI: the path decoded but not normalised; variables that say nothing, empty; CONTENT_LENGTH -1 (2.6) for a body
// without a length; a fragment left in the query. Proven on the requests in captures/.
import { copyVariables, resolveDots, splitTarget, type Variables } from '../../sidecar/variables.ts'
import { divide, pathOfTarget, requestedName, spelledAsAsked } from '../path.ts'

// Always sent. Empty they are taken for a user or a type of password that somebody vouched for.
const MAY_BE_EMPTY = ['AUTH_TYPE', 'REMOTE_USER', 'REMOTE_IDENT', 'REMOTE_HOST', 'DOCUMENT_URI']

/**
 * Puts Caddy's variables right.
 * @throws {PeerError} for a path that leads above the root.
 */
export function repair(variables: Variables): Variables {
  const repaired = copyVariables(variables)
  const script = variables.SCRIPT_NAME ?? ''
  const whole = script + (variables.PATH_INFO ?? '')
  const asked = spelledAsAsked(whole === '' ? whole : resolveDots(whole), pathOfTarget(variables.REQUEST_URI))
  const divided = divide(asked, script)
  repaired.SCRIPT_NAME = divided.script
  repaired.PATH_INFO = divided.path
  repaired.QUERY_STRING = queryOf(variables)
  repaired.SERVER_NAME ||= requestedName(variables)
  for (const name of MAY_BE_EMPTY) if (repaired[name] === '') delete repaired[name]
  // The end of STDIN is the end of the body.
  if (repaired.CONTENT_LENGTH === '-1') delete repaired.CONTENT_LENGTH
  return repaired
}

function queryOf({ QUERY_STRING = '', REQUEST_URI = '' }: Variables): string {
  const { query } = splitTarget(REQUEST_URI)
  return QUERY_STRING.startsWith(`${query}#`) ? query : QUERY_STRING
}
