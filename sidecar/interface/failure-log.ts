// Errors of an Application that runs on somebody else's server.
import type { Exchange, ExchangeObserver } from '../exchange.ts'
import { LeftOut } from '../left-out.ts'
import type { Log } from '../log.ts'
import { stackOf } from '../thrown.ts'

/** Logs what goes wrong, except that clients go away. */
export function logFailures(log: Log): ExchangeObserver {
  const leftOut = new LeftOut(log)
  return {
    leftOut: (exchange, names) => leftOut.tell(exchange, names),
    failed(exchange: Exchange, error) {
      if (error.blame === 'peer') return
      const { REQUEST_METHOD: method, REQUEST_URI: uri } = exchange.variables
      log.error(error.message, {
        code: error.code,
        blame: error.blame,
        request: exchange.id,
        method,
        uri,
        detail: stackOf(error.cause) ?? error.stack,
      })
    },
    done() {},
  }
}
