// The condition of every test that runs programs for Windows.
import { unprepared } from './setup.ts'

const reason = unprepared()
if (reason !== undefined) {
  if (process.env.CI === 'true') throw new Error(reason)
  console.warn(`skipped, as programs for Windows cannot be run: ${reason}`)
}

/**
 * Wine and what is run by it are there: it is made where it was not. False where that cannot be, which has been said then; with CI=true that is a
 * failure of the tests that ask.
 */
export const prepared: boolean = reason === undefined
