// What Apache sends: by mod_proxy_fcgi and _scgi the whole path in SCRIPT_NAME, or behind the document root in PATH_INFO; by
// mod_proxy_uwsgi SCRIPT_NAME /app/ beside PATH_INFO / for /app/; by all of them leading slashes merged away. Proven on the
// requests in captures/.
import type { Variables } from '../../sidecar/variables.ts'
import { divide, mergeSlashes, pathOfTarget, spelledAsAsked } from '../path.ts'
import { repaired } from '../repaired.ts'

/** Puts Apache's variables right; the argument itself when nothing is wrong. */
export function repair(variables: Variables): Variables {
  const { script, path } = paths(variables)
  return repaired(variables, { SCRIPT_NAME: script, PATH_INFO: path })
}

function paths(variables: Variables): { script: string; path: string } {
  let script = variables.SCRIPT_NAME ?? ''
  const info = variables.PATH_INFO
  const wanted = pathOfTarget(variables.REQUEST_URI)
  let whole: string
  if (info === undefined && /^(?:$|proxy:)/.test(variables.SCRIPT_FILENAME ?? '')) {
    // mod_proxy_fcgi and _scgi as they come: no PATH_INFO, SCRIPT_NAME is the whole path. (Without it and with a real file, as
    // mod_cgid and mod_fcgid have it, the script itself was asked for.)
    whole = script
    script = ''
  } else if (info === '/' && script.endsWith('/')) {
    // mod_proxy_uwsgi shortens SCRIPT_NAME by PATH_INFO only when that is more than a slash.
    whole = script
    script = script.slice(0, -1)
  } else whole = script + (info ?? '')
  // proxy-fcgi-pathinfo: PATH_INFO has the path of the ProxyPass URL in front, the document root of a PHP-FPM.
  if (
    wanted !== undefined &&
    script === '' &&
    info !== undefined &&
    behindRoot(variables, whole, mergeSlashes(wanted))
  ) {
    whole = wanted
  }
  const asked = spelledAsAsked(decodedSlashes(whole, wanted), wanted)
  return divide(asked, script)
}

function behindRoot(variables: Variables, whole: string, wanted: string): boolean {
  return (variables.SCRIPT_FILENAME ?? '').startsWith('proxy:fcgi://') && whole !== wanted && whole.endsWith(wanted)
}

/** `AllowEncodedSlashes NoDecode` leaves `%2F` in an otherwise decoded path. */
function decodedSlashes(whole: string, wanted: string | undefined): string {
  if (wanted === undefined || !/%2f/i.test(whole)) return whole
  const decoded = whole.replace(/%2f/gi, '/')
  return mergeSlashes(decoded) === mergeSlashes(wanted) ? decoded : whole
}
