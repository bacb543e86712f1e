// What lighttpd sends: for an entry "/" without fix-root-scriptname the whole path as SCRIPT_NAME; the path normalised, slashes merged;
// the query encoded anew. Proven on the requests in captures/.
import { copyVariables, splitTarget, type Variables } from '../../sidecar/variables.ts'
import { divide, pathOfTarget, requestedName, spelledAsAsked } from '../path.ts'

/** Puts lighttpd's variables right; the argument itself when nothing is wrong. */
export function repair(variables: Variables): Variables {
  const { script, path } = paths(variables)
  const query = queryOf(variables)
  const right =
    variables.SCRIPT_NAME === script &&
    variables.PATH_INFO === path &&
    variables.QUERY_STRING === query &&
    variables.SERVER_NAME
  if (right) return variables
  const repaired = copyVariables(variables)
  repaired.SCRIPT_NAME = script
  repaired.PATH_INFO = path
  repaired.QUERY_STRING = query
  // PEP 3333: never empty.
  if (!repaired.SERVER_NAME) repaired.SERVER_NAME = requestedName(variables)
  return repaired
}

function paths(variables: Variables): { script: string; path: string } {
  let script = variables.SCRIPT_NAME ?? ''
  const whole = script + (variables.PATH_INFO ?? '')
  // An entry "/" takes the path for the name of a script. (For an entry "/app" asked for as /app it looks the same.)
  if (!variables.PATH_INFO) script = ''
  return divide(spelledAsAsked(whole, pathOfTarget(variables.REQUEST_URI)), script)
}

/** The query as the client wrote it, where lighttpd only encoded it anew: a query that was rewritten counts. */
function queryOf(variables: Variables): string {
  const given = variables.QUERY_STRING ?? ''
  if (!variables.REQUEST_URI) return given
  const { query } = splitTarget(variables.REQUEST_URI)
  return query !== given && decoded(query) === decoded(given) ? query : given
}

/** What a query says, however it is encoded; a `%` that begins no escape stands for itself. */
function decoded(query: string): string {
  return query
    .replace(/\+/g, ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
