// What this process and its second thread say on the control channel: lines of JSON, written at once, whatever the event loop does.
import { writeSync } from 'node:fs'
import { CONTROL_OUT } from './ends.ts'

/** Says something to the gateway. */
export function tell(message: object): void {
  let bytes = Buffer.from(`${JSON.stringify(message)}\n`)
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(CONTROL_OUT, bytes))
    } catch (error) {
      // The gateway reads on soon, or it is gone.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
    }
  }
}
