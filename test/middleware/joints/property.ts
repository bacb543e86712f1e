// The property, and how often it is tried.
import * as fc from 'fast-check'
import { ok } from 'node:assert/strict'
import { chains, type Link } from './chains.ts'
import { check } from './checks.ts'
import { requests } from './requests.ts'
import { run } from './run.ts'

/** How it is tried. */
export interface Trial {
  readonly seed: number
  readonly runs: number
  /** Layers that are left out. */
  readonly without?: readonly Link['layer'][]
  /** Milliseconds, after which no more begin. */
  readonly time?: number
}

/** @throws the smallest chain that breaks a promise, with its requests */
export async function keepTheirPromises({ seed, runs, without, time }: Trial): Promise<void> {
  const stray: unknown[] = []
  const note = (reason: unknown): void => void stray.push(reason)
  process.on('unhandledRejection', note)
  const property = fc.asyncProperty(
    chains(without),
    fc.array(requests, { minLength: 1, maxLength: 6 }),
    fc.boolean(),
    fc.boolean(),
    async (links, asked, front, atOnce) => {
      const before = timers()
      check(links, await run(links, asked, front, atOnce))
      ok(timers() <= before, 'timers are left')
      if (stray.length > 0) throw new Error('a rejection that nobody handles', { cause: stray.splice(0)[0] })
    },
  )
  const bound = time !== undefined && { interruptAfterTimeLimit: time, markInterruptAsFailure: false }
  try {
    await fc.assert(property, { numRuns: runs, seed, ...bound })
  } finally {
    process.off('unhandledRejection', note)
  }
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length
}
