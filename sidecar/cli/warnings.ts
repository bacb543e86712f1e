// Warnings of Node.js, such as of what an app uses that is to go: records of the log like all others, where Node.js would write lines of
// its own between them, with whatever an app put into them.
import type { Log } from '../log.ts'
import { messageOf, stackOf } from '../thrown.ts'

/**
 * Reports warnings from now on, unless Node.js was told to be silent about them (`--no-warnings`).
 * @returns a function that ends it.
 */
export function reportWarnings(log: Log): () => void {
  const before = process.listeners('warning')
  if (before.length === 0) return () => {}
  const report = (warning: Error): void => {
    log.warn(`Node.js warns: ${messageOf(warning)}`, { detail: stackOf(warning) })
  }
  process.removeAllListeners('warning').on('warning', report)
  return () => {
    process.off('warning', report)
    for (const listener of before) process.on('warning', listener)
  }
}
