// How fast a request body has to come, so that nobody holds a worker with a byte every few seconds: as Apache's mod_reqtimeout has it
// (RequestReadTimeout body=20,MinRate=500), and all of it. What counts is the time for which the app waited for the client: an app that
// reads slowly is no fault of whoever sends.

import { PeerError } from '../errors.ts'
import { ById } from '../wire/by-id.ts'
import type { Allowance } from './limits.ts'

/** The pace of the bodies of one connection, by the ids of their requests. */
export class Paces {
  readonly #allowance: Allowance
  readonly #all = new ById<Pace>()

  constructor(allowance: Allowance) {
    this.#allowance = allowance
  }

  /** The app waits for bytes. */
  waiting(id: number): void {
    let pace = this.#all.get(id)
    if (!pace) this.#all.set(id, (pace = { id, waited: 0, since: 0 }))
    if (pace.since === 0) pace.since = performance.now()
  }

  /** Bytes came; gives why they come too slowly, when they do. `received`: of the body, so far. */
  arrived(id: number, received: number): PeerError | undefined {
    const pace = this.#all.get(id)
    if (!pace || pace.since === 0) return undefined
    const { bodyRate: rate, bodyTotal: total, bodyGrace } = this.#allowance
    pace.waited += performance.now() - pace.since
    pace.since = 0
    if (pace.waited > total) return slow(`the request body was not complete after ${total / 1000} s`)
    if (rate === 0 || pace.waited <= bodyGrace + (received / rate) * 1000) return undefined
    const seconds = Math.round(pace.waited / 1000)
    return slow(`${received} bytes of the request body came in ${seconds} s: less than ${rate} a second`)
  }

  /** Milliseconds for which the connection may be silent before one of the bodies that are waited for is late; 0: none is waited for. */
  get left(): number {
    const now = performance.now()
    let least = Infinity
    for (const pace of this.#all.values()) least = Math.min(least, this.#left(pace, now))
    return least === Infinity ? 0 : Math.max(1, Math.ceil(least))
  }

  /** The bodies that are late, by the ids of their requests, and why. */
  late(): [number, PeerError][] {
    const { body, bodyTotal } = this.#allowance
    const now = performance.now()
    const late: [number, PeerError][] = []
    for (const pace of this.#all.values()) {
      if (this.#left(pace, now) > 0) continue
      const why =
        now - pace.since >= body
          ? new PeerError('BODY_TIMEOUT', `no byte of the request body came for ${body / 1000} s`, 408)
          : slow(`the request body was not complete after ${bodyTotal / 1000} s`)
      late.push([pace.id, why])
    }
    return late
  }

  /** The body is complete, or the request is over. */
  delete(id: number): void {
    this.#all.delete(id)
  }

  #left({ since, waited }: Pace, now: number): number {
    if (since === 0) return Infinity
    const { body, bodyTotal } = this.#allowance
    return Math.min(body, bodyTotal - waited) - (now - since)
  }
}

/** Of the request `id`: milliseconds that were waited for a body, and since when it is waited for now; 0: it is not. */
interface Pace {
  readonly id: number
  waited: number
  since: number
}

function slow(message: string): PeerError {
  return new PeerError('BODY_SLOW', message, 408)
}
