// What lighttpd sends: for an entry "/" without fix-root-scriptname the whole path as SCRIPT_NAME; the path normalised, slashes merged;
// the query encoded anew. Proven on the requests in captures/.
import { splitTarget, type Variables } from '../../sidecar/variables.ts'
import { divide, pathOfTarget, spelledAsAsked } from '../path.ts'
import { repaired } from '../repaired.ts'

/** Puts lighttpd's variables right; the argument itself when nothing is wrong. */
export function repair(variables: Variables): Variables {
  const { script, path } = paths(variables)
  return repaired(variables, { SCRIPT_NAME: script, PATH_INFO: path, QUERY_STRING: queryOf(variables) })
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
