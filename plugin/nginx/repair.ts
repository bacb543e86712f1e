// What nginx sends needs little repair: SCRIPT_NAME is absent or not taken off PATH_INFO, repeated slashes are merged away,
// SERVER_NAME is the server block's name instead of the one asked for. Proven on the requests in captures/.
import { copyVariables, type Variables } from '../../sidecar/variables.ts'
import { mergeSlashes, pathOfTarget, requestedName, without } from '../path.ts'

// Names of a server block that are no host name: none, `_`, a pattern.
const NO_NAME = /^(?:$|[_~.*])|\*$/

/** Puts nginx's variables right; the argument itself when nothing is wrong. */
export function repair(variables: Variables): Variables {
  const { PATH_INFO: path, SCRIPT_NAME: script, REQUEST_URI: target } = variables
  const named = variables.SERVER_NAME !== undefined && !NO_NAME.test(variables.SERVER_NAME)
  const plain = script === '' && path !== undefined && (target === path || isPlain(target, path))
  if (plain && named && variables.SERVER_PROTOCOL !== '') return variables
  const repaired = copyVariables(variables)
  if (!plain) repairPath(repaired)
  if (!named) repaired.SERVER_NAME = requestedName(variables)
  // HTTP/0.9 requests (`GET /x`) come with an empty SERVER_PROTOCOL.
  if (variables.SERVER_PROTOCOL === '') repaired.SERVER_PROTOCOL = 'HTTP/0.9'
  return repaired
}

/** True when the target is the path and a query, with nothing in the path that nginx would have changed. */
function isPlain(target: string | undefined, path: string): boolean {
  return (
    target !== undefined &&
    target.charCodeAt(path.length) === 63 /* ? */ &&
    target.startsWith(path) &&
    !path.includes('%')
  )
}

function repairPath(variables: Variables): void {
  let script = variables.SCRIPT_NAME ?? ''
  let given = variables.PATH_INFO
  if (given === undefined) {
    // Stock fastcgi_params and scgi_params: no PATH_INFO; SCRIPT_NAME, where there is one, is the whole path.
    given = variables.DOCUMENT_URI ?? script
    if (script === given) script = ''
  }
  const wanted = pathOfTarget(variables.REQUEST_URI)
  const merged = wanted === undefined ? undefined : mergeSlashes(wanted)
  // nginx resolves dots after it merged slashes. Only when both agree is the client's spelling (`//`) taken; anything else was
  // rewritten by nginx's configuration, or would get past a location that guards a path.
  if (merged !== undefined && merged === script + given) {
    variables.PATH_INFO = without(wanted!, script) ?? given
  } else if (merged !== undefined && merged === given) {
    // `uwsgi_param SCRIPT_NAME /app` leaves PATH_INFO whole. Where the path does not begin with it, a proxy in front took it off.
    variables.PATH_INFO = without(wanted!, script) ?? without(given, script) ?? wanted!
  } else {
    variables.PATH_INFO = without(given, script) ?? given
  }
  variables.SCRIPT_NAME = script
}
