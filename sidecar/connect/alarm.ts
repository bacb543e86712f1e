// A time limit that is set anew for each step of each request and hardly ever passes. Its timer is left alone when the limit goes further
// away: it looks when it fires.

/** One limit at a time. It keeps no process alive: what it is for does. */
export class Alarm {
  readonly #ring: () => void
  /** When the limit is over, as performance.now(). */
  #due = Infinity
  #timer: NodeJS.Timeout | undefined
  #firesAt = Infinity

  /** `ring` is called when a limit is over; then there is none. */
  constructor(ring: () => void) {
    this.#ring = ring
  }

  /** In so many milliseconds from now, in place of what was set before; 0: never. */
  set(milliseconds: number): void {
    if (milliseconds === 0) {
      this.#due = Infinity
      return
    }
    const now = performance.now()
    this.#due = now + milliseconds
    if (this.#due < this.#firesAt) this.#arm(milliseconds, now)
  }

  /** Never again. */
  close(): void {
    this.#due = Infinity
    clearTimeout(this.#timer)
  }

  #arm(milliseconds: number, now: number): void {
    clearTimeout(this.#timer)
    this.#firesAt = now + milliseconds
    this.#timer = setTimeout(this.#look, milliseconds).unref()
  }

  readonly #look = (): void => {
    this.#firesAt = Infinity
    if (this.#due === Infinity) return
    const now = performance.now()
    // Timers may fire a little early.
    if (this.#due - now > 1) return this.#arm(this.#due - now, now)
    this.#due = Infinity
    this.#ring()
  }
}
