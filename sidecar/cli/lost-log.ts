// A log that cannot be written: whoever read it is gone (EPIPE), its disk is full. What is served goes on; it is said on the other stream,
// once for each.
import type { Log } from '../log.ts'
import type { OutputLost } from './command.ts'

/**
 * Listens to the loss of an output.
 * @param log whose errors go to stderr, and its access records to stdout
 * @param other the same to stdout alone
 */
export function reportLostLog(log: Log, other: Log): OutputLost {
  const said = new Set<string>()
  return (output, { message }) => {
    if (said.has(output)) return
    said.add(output)
    const [reporter, what] = output === 'stdout' ? ([log, 'access'] as const) : ([other, 'error'] as const)
    reporter.error(`the ${what} log cannot be written (${output}: ${message}); requests are served all the same`, {
      code: 'LOG_LOST',
    })
  }
}
