// How fast a request body has to come, so that nobody holds a worker with a byte every few seconds: as Apache's mod_reqtimeout has it
// (RequestReadTimeout body=20,MinRate=500), and all of it. What counts is the time for which the app waited for the client: an app that
// reads slowly is no fault of whoever sends.

import { ById } from '../wire/by-id.ts'
import { LIMITS, type BodyLimits } from './door.ts'

/** The pace of the bodies of one connection, by the ids of their requests. */
export class Paces {
  readonly #limits: BodyLimits
  readonly #all = new ById<Pace>()

  constructor(limits: BodyLimits) {
    this.#limits = limits
  }

  /** The app waits for bytes. */
  waiting(id: number): void {
    let pace = this.#all.get(id)
    if (!pace) this.#all.set(id, (pace = { waited: 0, since: 0 }))
    if (pace.since === 0) pace.since = performance.now()
  }

  /** Bytes came; gives why they come too slowly, when they do. `received`: of the body, so far. */
  arrived(id: number, received: number): string | undefined {
    const pace = this.#all.get(id)
    if (!pace || pace.since === 0) return undefined
    const { rate, total } = this.#limits
    pace.waited += performance.now() - pace.since
    pace.since = 0
    if (pace.waited > total) return `the request body was not complete after ${total / 1000} s`
    if (rate === 0 || pace.waited <= LIMITS.bodyGrace + (received / rate) * 1000) return undefined
    return `${received} bytes of the request body came in ${Math.round(pace.waited / 1000)} s: less than ${rate} a second`
  }

  /** The request is over. */
  delete(id: number): void {
    this.#all.delete(id)
  }
}

/** Milliseconds that were waited for a body, and since when it is waited for now; 0: it is not. */
interface Pace {
  waited: number
  since: number
}
