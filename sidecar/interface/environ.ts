// The one producer of an environ: the variables of a request and the `wsgi.` keys that PEP 3333 promises an app.
// The object is the exchange's own set of variables with the `wsgi.` keys put onto it: copying thirty keys of an object that V8 keeps as a
// dictionary costs more than all the rest of a small request. The app owns it from then on, and may change it (PEP 3333, "environ").
import { Exchange } from '../exchange.ts'
import { Log } from '../log.ts'
import { isSecure } from '../variables.ts'
import { putEarlyHints } from './early-hints.ts'
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
 * The environ of an exchange, whose variables are complete (request.ts) and used up by it: they are the environ afterwards.
 */
export function environOf(exchange: EnvironSource, surroundings: Surroundings = standalone): Environ {
  const environ = exchange.variables as unknown as Environ
  environ['wsgi.version'] = VERSION
  environ['wsgi.url_scheme'] = isSecure(exchange.variables) ? 'https' : 'http'
  environ['wsgi.input'] = new BodyInput(exchange.body)
  environ['wsgi.errors'] = new LogErrorStream(surroundings.log, exchange)
  // One thread, but a call may begin before the one before it has finished: what this key is asked for.
  environ['wsgi.multithread'] = true
  environ['wsgi.multiprocess'] = surroundings.multiprocess
  environ['wsgi.run_once'] = exchange.door.once === true
  environ['wsgi.file_wrapper'] = fileWrapper
  environ['wsgi.input_terminated'] = true
  if (exchange instanceof Exchange) {
    if (exchange.upgradable) environ['sidegate.upgrade'] = upgradeFor(exchange)
    // The only one of the doors whose protocol has them.
    if (exchange.door.protocol === 'http') putEarlyHints(environ, exchange)
  }
  environ['sidegate.signal'] = exchange.signal
  return environ
}
