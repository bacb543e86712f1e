// Brings a Unit from what it is to what it should be. Others may change it meanwhile, this command in another window too: each place is
// looked at again right before it is written, and all of it once more at the end; where something came between, the way is planned anew.
import { ConfigError } from '../../sidecar/errors.ts'
import type { Write } from './change.ts'
import type { Control } from './control.ts'
import { isObject, placeText, same, type JsonObject } from './json.ts'
import { Refusal, refused } from './refusal.ts'

/** So often others may come between. */
const ATTEMPTS = 6

/** The writes that are missing in a configuration; none when all is as it should be. */
export type Plan = (config: JsonObject) => readonly Write[]

/** The whole configuration. @throws {ConfigError} UNIT_ANSWER */
export async function configOf(control: Control): Promise<JsonObject> {
  const config = await control.get(['config'])
  if (isObject(config)) return config
  throw new ConfigError(
    'UNIT_ANSWER',
    '--control',
    `what answers at ${control.address} is not Unit's control API: it has no object at /config`,
  )
}

/** What has been written, and can be taken back. */
export class Transaction {
  readonly #control: Control
  readonly #done: Write[] = []

  constructor(control: Control) {
    this.#control = control
  }

  /**
   * Writes until nothing is missing.
   * @throws {ConfigError} UNIT_REFUSED, UNIT_CONFLICT; those of the plan and of Control
   */
  async carryOut(plan: Plan): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const writes = plan(await configOf(this.#control))
      if (writes.length === 0) return
      for (const write of writes) if (!(await this.#write(write))) break
    }
    throw new ConfigError(
      'UNIT_CONFLICT',
      '--control',
      `the configuration of ${this.#control.address} was changed by someone else each time it was written; run this again when that is done`,
    )
  }

  /** Takes back what nobody has changed since; gives the places of the rest. */
  async takeBack(): Promise<string[]> {
    const left = new Set<string>()
    for (const { place, before, after } of this.#done.splice(0).toReversed()) {
      try {
        const there = await this.#control.get(place)
        if (same(there, after)) await this.#put({ place, before: after, after: before })
        else if (!same(there, before)) left.add(placeText(place))
      } catch (error) {
        if (!(error instanceof Refusal || error instanceof ConfigError)) throw error
        left.add(placeText(place))
      }
    }
    return [...left]
  }

  /** @returns false where someone came between. */
  async #write(write: Write): Promise<boolean> {
    const { place, before, after } = write
    if (!same(await this.#control.get(place), before)) return false
    // Noted ahead: of one that is not answered nobody knows whether it was made.
    this.#done.push(write)
    try {
      await this.#put(write)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const there = await this.#control.get(place)
      // It has been made all the same.
      if (same(there, after)) return true
      this.#done.pop()
      // What it stands in has gone, or this has changed under the hand.
      if (error.status === 404 || !same(there, before)) return false
      throw refused(error, place, after)
    }
    return true
  }

  #put({ place, after }: Write): Promise<void> {
    return after === undefined ? this.#control.delete(place) : this.#control.put(place, after)
  }
}
