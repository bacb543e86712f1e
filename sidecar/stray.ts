// What an app throws outside its requests: in a timer, or a promise that nobody waits for. Node.js would end the process, and with
// it every other app behind the gateway. It is reported, and the others go on.
import type { Log } from './log.ts'
import { messageOf, stackOf } from './thrown.ts'

/**
 * Reports errors that nobody catches, from now on.
 * @returns a function that ends it.
 */
export function reportStray(log: Log): () => void {
  const report = (error: unknown, origin: string): void => {
    const where =
      origin === 'unhandledRejection'
        ? 'a promise that nobody waited for was rejected'
        : 'an app threw outside a request'
    log.error(`${where}: ${messageOf(error)}`, {
      code: 'APP_STRAY',
      blame: 'app',
      detail: stackOf(error),
    })
  }
  process.on('uncaughtException', report)
  return () => void process.off('uncaughtException', report)
}
