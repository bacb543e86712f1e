// Errors of the supervisor itself. It keeps the sockets, and so it goes on.
import type { Log } from '../log.ts'
import { messageOf, stackOf } from '../thrown.ts'

export function tellFault(error: unknown, log: Log): void {
  const message = `the supervisor goes on after an error of its own: ${messageOf(error)}`
  log.error(message, { code: 'SUPERVISOR_FAULT', detail: stackOf(error) })
}
