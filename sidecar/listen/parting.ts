// The connections of a listener that drains: which are waited for, and when none is.
// A client connects, and sends its request a moment later: nobody tells it in between that the gateway stops, and a POST that gets no
// answer is not sent again. So a new connection is waited for, and so is one whose peer has just been told that somebody is here (AJP's
// CPING, FastCGI's GET_VALUES). Not so kept ones between two requests: a client knows that those may close at any time (RFC 9112 9.3.1).
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Incoming } from './incoming.ts'

/** The connections of one listener, from the time on when it begins to drain. */
export class Parting {
  readonly #incoming: Iterable<Incoming>
  readonly #moment: number
  readonly #pass: (incoming: Incoming) => boolean
  readonly #began = performance.now()
  #quiet: (() => void) | undefined

  /**
   * @param moment milliseconds in which a new connection may bring its request; none is waited for that long after the begin
   * @param pass hands a connection to the process that follows, where it may
   */
  constructor(incoming: Iterable<Incoming>, moment: number, pass: (incoming: Incoming) => boolean) {
    this.#incoming = incoming
    this.#moment = moment
    this.#pass = pass
  }

  /** Ends those on which nothing is under way. Resolves when none has to be waited for. */
  over(): Promise<void> {
    return new Promise((resolve) => {
      this.#quiet = resolve
      this.#end()
    })
  }

  /** One came from the process before: its peer knows nothing of a stop. */
  joined(incoming: Incoming): void {
    incoming.connection?.clock?.expect()
    if (this.#quiet) this.#end()
  }

  /** One is closed. */
  look(): void {
    if (!this.#quiet) return
    for (const incoming of this.#incoming) if (isWaitedFor(incoming) || this.#left(incoming) > 0) return
    this.#quiet()
  }

  /** True where something is under way: not only a request that may still come. */
  get answers(): boolean {
    for (const incoming of this.#incoming) if (isWaitedFor(incoming) && this.#left(incoming) <= 0) return true
    return false
  }

  #end(): void {
    let next = Infinity
    for (const incoming of this.#incoming) {
      if (this.#pass(incoming) || incoming.passed) continue
      const left = this.#left(incoming)
      if (left > 0) next = Math.min(next, left)
      else incoming.connection?.retire()
    }
    // The connections keep the process.
    if (next < Infinity) setTimeout(() => void this.#endLater(), Math.ceil(next)).unref()
    this.look()
  }

  /** This process may have been busy for so long itself: what has come meanwhile is read first. */
  async #endLater(): Promise<void> {
    for (let turns = 0; turns < 2; turns++) await nextTurn()
    this.#end()
  }

  /** Milliseconds for which a request may still be on its way; not above 0: there is none. */
  #left({ connection, refused, at }: Incoming): number {
    const promised = refused ? -Infinity : connection ? (connection.clock?.promised ?? -Infinity) : at
    return Math.min(promised, this.#began) + this.#moment - performance.now()
  }
}

/** Nothing is waited for on connections on which no request has begun. */
function isWaitedFor({ connection, undecided, passed }: Incoming): boolean {
  return (connection ?? undecided ?? passed) !== undefined
}
