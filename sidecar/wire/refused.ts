// What a peer may not put into the variables of a request, whatever the protocol. HTTP_PROXY comes from a client's `Proxy`
// field and would redirect what an app fetches (httpoxy, CVE-2016-5385). UWSGI_* are switches of the uWSGI server; no app
// needs them, and a peer that sends one of those that load code or touch files is attacking or badly configured.
import { PeerError } from '../errors.ts'

const REFUSED: ReadonlySet<string> = new Set([
  'UWSGI_APPID',
  'UWSGI_CACHE_GET',
  'UWSGI_CALLABLE',
  'UWSGI_CHDIR',
  'UWSGI_FILE',
  'UWSGI_HOME',
  'UWSGI_MODULE',
  'UWSGI_POSTFILE',
  'UWSGI_PYHOME',
  'UWSGI_SCRIPT',
  'UWSGI_SETENV',
  'UWSGI_TOUCH_RELOAD',
])

/** True for a variable that is left out: HTTP_PROXY, and every UWSGI_* that `refuse` lets pass. */
export function isDropped(name: string): boolean {
  return name === 'HTTP_PROXY' || (name.startsWith('UWSGI_') && !REFUSED.has(name))
}

/** True for a variable whose request is refused. */
export function isRefused(name: string): boolean {
  return REFUSED.has(name)
}

/**
 * Ends a request that carries a variable with which uWSGI loads code or touches files.
 * @throws {PeerError} UWSGI_VARIABLE (403)
 */
export function refuse(name: string): void {
  if (REFUSED.has(name)) {
    throw new PeerError('UWSGI_VARIABLE', `the peer sent ${name}, with which uWSGI loads code or touches files`, 403)
  }
}
