// Whether a worker answers: it is asked once a second for as long as it has requests. One that is stuck in a loop answers nothing, and neither does
// one that is stopped: it would be a hole that swallows requests, as it always seems to have the fewest.

/** How often it is asked, in milliseconds. */
const ASK_MS = 1000
/** One that has not answered for so long gets no more requests, in milliseconds. */
const SILENT_MS = 2000

/** Whose silence it is. */
export interface Silent {
  /** It has something to do. */
  readonly isBusy: boolean
  /** Sends it the question. */
  ask(): void
  /** It has not answered for so many milliseconds: called again and again. `first`: it had answered before. */
  silent(milliseconds: number, first: boolean): void
  /** It answers again. */
  isBack(): void
}

/** Watches over the silence of one worker. */
export class Silence {
  readonly #who: Silent
  #timer: NodeJS.Timeout | undefined
  /** When the oldest question without an answer was asked, as `performance.now()`. */
  #askedAt: number | undefined
  #looked = 0
  #isSilent = false

  constructor(who: Silent) {
    this.#who = who
  }

  get isSilent(): boolean {
    return this.#isSilent
  }

  /** It got something to do. */
  begin(): void {
    if (this.#timer) return
    this.#looked = performance.now()
    this.#timer = setInterval(this.#look, ASK_MS).unref()
  }

  /** Something came from it. */
  heard(): void {
    this.#askedAt = undefined
    if (!this.#isSilent) return
    this.#isSilent = false
    this.#who.isBack()
  }

  /** It is over. Works twice. */
  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#askedAt = undefined
  }

  readonly #look = (): void => {
    if (!this.#who.isBusy) return this.close()
    const now = performance.now()
    // This process was busy itself: what came meanwhile is still to be read.
    const late = now - this.#looked > 2 * ASK_MS
    this.#looked = now
    if (this.#askedAt === undefined || late) {
      this.#askedAt = now
      return this.#who.ask()
    }
    const silence = now - this.#askedAt
    if (silence < SILENT_MS) return
    const first = !this.#isSilent
    this.#isSilent = true
    this.#who.silent(silence, first)
  }
}
