// The one producer of an environ: the variables of a request become what PEP 3333 promises an app.
// The object is the exchange's own set of variables with the `wsgi.` keys put onto it: copying thirty keys of an object that V8 keeps as a
// dictionary costs more than all the rest of a small request. The app owns it from then on, and may change it (PEP 3333, "environ").
import { PeerError } from '../errors.ts'
import { Exchange } from '../exchange.ts'
import { Log } from '../log.ts'
import { isSecure } from '../variables.ts'
import { LogErrorStream } from './error-stream.ts'
import { fileWrapper } from './file-wrapper.ts'
import { BodyInput } from './input.ts'
import type { Environ } from './types.ts'
import { upgradeFor } from './upgrade.ts'

/** What an environ says of the place where the app runs. */
export interface Surroundings {
  /** Takes what is written to `wsgi.errors`. */
  readonly log: Log
  /** True when other processes run the same app. */
  readonly multiprocess: boolean
}

/** One process, errors to stderr. */
export const standalone: Surroundings = { log: new Log('text'), multiprocess: false }

/** What an environ is made of. */
export type EnvironSource = Pick<Exchange, 'variables' | 'body' | 'signal' | 'id' | 'mount' | 'door'>

const VERSION: readonly [1, 0] = Object.freeze([1, 0] as const)

/**
 * The environ of an exchange. Its variables are used up by it: they are the environ afterwards.
 * @throws {PeerError} REQUEST_METHOD_MISSING when the host sent none (PEP 3333: never empty, always required).
 */
export function environOf(exchange: EnvironSource, surroundings: Surroundings = standalone): Environ {
  const environ = exchange.variables as unknown as Environ
  const secure = isSecure(exchange.variables)
  completeVariables(environ, secure)
  environ['wsgi.version'] = VERSION
  environ['wsgi.url_scheme'] = secure ? 'https' : 'http'
  environ['wsgi.input'] = new BodyInput(exchange.body)
  environ['wsgi.errors'] = new LogErrorStream(surroundings.log, exchange)
  // One thread, but a call may begin before the one before it has finished: what this key is asked for.
  environ['wsgi.multithread'] = true
  environ['wsgi.multiprocess'] = surroundings.multiprocess
  environ['wsgi.run_once'] = exchange.door.protocol === 'cgi'
  environ['wsgi.file_wrapper'] = fileWrapper
  environ['wsgi.input_terminated'] = true
  if (exchange instanceof Exchange && exchange.upgradable) environ['sidegate.upgrade'] = upgradeFor(exchange)
  environ['sidegate.signal'] = exchange.signal
  return environ
}

/** PEP 3333 "environ Variables": what must always be there, and what must not. */
function completeVariables(environ: Environ, secure: boolean): void {
  if (!environ.REQUEST_METHOD) {
    throw new PeerError(
      'REQUEST_METHOD_MISSING',
      'the host sent no REQUEST_METHOD: its configuration misses the standard parameters',
    )
  }
  environ.SCRIPT_NAME ??= ''
  environ.PATH_INFO ??= ''
  environ.QUERY_STRING ??= ''
  if (environ.SCRIPT_NAME === '/') {
    environ.SCRIPT_NAME = ''
    environ.PATH_INFO ||= '/'
  }
  if (!environ.SERVER_NAME) environ.SERVER_NAME = (environ.HTTP_HOST ?? '').replace(/:[0-9]*$/, '') || 'localhost'
  if (!environ.SERVER_PORT) environ.SERVER_PORT = secure ? '443' : '80'
  if (!environ.SERVER_PROTOCOL) environ.SERVER_PROTOCOL = 'HTTP/1.0'
  const { CONTENT_LENGTH: length } = environ
  if (length === '' || length === '-1') delete environ.CONTENT_LENGTH
  if (environ.CONTENT_TYPE === '') delete environ.CONTENT_TYPE
  // Hosts send them a second time as header fields; an app must find one place only.
  if (environ.HTTP_CONTENT_LENGTH !== undefined) delete environ.HTTP_CONTENT_LENGTH
  if (environ.HTTP_CONTENT_TYPE !== undefined) delete environ.HTTP_CONTENT_TYPE
}
