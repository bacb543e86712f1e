// What a peer may not put into the variables of a request, whatever the protocol. HTTP_PROXY comes from a client's `Proxy`
// field and would redirect what an app fetches (httpoxy, CVE-2016-5385). HTTP_CONTENT_TYPE and HTTP_CONTENT_LENGTH repeat what has
// a variable of its own (RFC 3875 4.1.18): nginx sends them. UWSGI_* are switches of the uWSGI server; no app
// needs them, and a peer that sends one of those that load code or touch files is attacking or badly configured.
import { PeerError } from './errors.ts'
import { TOKEN } from './token.ts'

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

const DROPPED: ReadonlySet<string> = new Set(['HTTP_PROXY', 'HTTP_CONTENT_TYPE', 'HTTP_CONTENT_LENGTH'])

/** True for a variable that is left out: HTTP_PROXY, twins of others, and every UWSGI_* that `refuse` lets pass. */
export function isDropped(name: string): boolean {
  return DROPPED.has(name) || (name.startsWith('UWSGI_') && !REFUSED.has(name))
}

/** True for a variable whose request is refused. */
export function isRefused(name: string): boolean {
  return REFUSED.has(name)
}

/**
 * Ends a request that carries a variable whose name is no token (RFC 9110 5.6.2; RFC 3875 4.1 has no others): who writes names and values
 * into one text would write other variables or header fields by it. And one with which uWSGI loads code or touches files.
 * @throws {PeerError} VARIABLE_NAME, UWSGI_VARIABLE (403)
 */
export function refuse(name: string): void {
  if (!TOKEN.test(name)) {
    const shown = JSON.stringify(name.slice(0, 80))
    throw new PeerError('VARIABLE_NAME', `the peer sent a variable called ${shown}, which is no name (RFC 9110 5.6.2)`)
  }
  if (REFUSED.has(name)) {
    throw new PeerError('UWSGI_VARIABLE', `the peer sent ${name}, with which uWSGI loads code or touches files`, 403)
  }
}
