// How soon one that dies is replaced.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Log } from '../../sidecar/log.ts'
import type { Keeper, Occupant } from '../../sidecar/processes/occupant.ts'
import { Slot } from '../../sidecar/processes/slot.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

class Process implements Occupant {
  readonly pid = 1
  readonly startError = undefined
  readonly started: Promise<void> = Promise.resolve()
  readonly readySince = performance.now() + 1
  readonly #keeper: Keeper<Process>

  constructor(keeper: Keeper<Process>) {
    this.#keeper = keeper
  }

  leave(): void {
    this.#keeper.gone(this, true)
  }

  async stop(): Promise<void> {}

  die(): void {
    this.#keeper.gone(this, false)
  }
}

async function opened(): Promise<Slot<Process>> {
  const options = { name: 'worker', mount: '/', log: new Log('text'), stopTimeout: 1000 }
  const slot = new Slot<Process>(
    options,
    (keeper) => new Process(keeper),
    () => {},
  )
  await slot.open()
  return slot
}

/** Milliseconds until another one is there. */
function pauseAfterDeath(slot: Slot<Process>): number {
  slot.occupant!.die()
  const from = performance.now()
  while (!slot.occupant) vi.advanceTimersByTime(1)
  return Math.round((performance.now() - from) / 10) * 10
}

test('one that dies again and again is replaced after longer and longer pauses', async () => {
  const slot = await opened()
  const pauses = Array.from({ length: 5 }, () => {
    vi.advanceTimersByTime(1000)
    return pauseAfterDeath(slot)
  })
  expect(pauses).toEqual([0, 250, 500, 1000, 2000])
  vi.advanceTimersByTime(10_001)
  expect(pauseAfterDeath(slot)).toBe(0)
})

test('one that is replaced early, and dies seldom, is replaced at once', async () => {
  const slot = await opened()
  for (let death = 0; death < 5; death++) {
    for (let age = 0; age < 4; age++) {
      vi.advanceTimersByTime(4000)
      await slot.renew('requests')
    }
    expect(pauseAfterDeath(slot)).toBe(0)
  }
})
