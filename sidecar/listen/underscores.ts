// Header fields that a listener leaves out for the `_` or `.` in their name, in the log.
import type { Log } from '../log.ts'

/** What is to be called for each of them: it is told the first time, and each time there are ten times as many. `where`: the listener's address. */
export function underscoresTold(log: Log, where: () => string): (field: string) => void {
  let count = 0
  return (field) => {
    count++
    if (!/^10*$/.test(String(count))) return
    log.warn(
      `the header ${JSON.stringify(field.slice(0, 80))} was left out: with _ or . in its name it would pass for another; ${count} so far on ${where()} (underscoresInHeaders takes them)`,
      { code: 'HEADER_UNDERSCORE' },
    )
  }
}
