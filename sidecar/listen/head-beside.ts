// The time of a request head that comes beside requests in flight, as it may by FastCGI: the connection is not silent meanwhile, and its own clock is theirs.

/** The clock of the first of the heads that are not complete. */
export class HeadBeside {
  readonly #milliseconds: number
  readonly #late: () => void
  #id: number | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param late is called when a head is not complete after so many milliseconds */
  constructor(milliseconds: number, late: () => void) {
    this.#milliseconds = milliseconds
    this.#late = late
  }

  /** @param id of the request whose head is not complete; undefined: there is none */
  see(id: number | undefined): void {
    if (id === this.#id) return
    clearTimeout(this.#timer)
    this.#id = id
    if (id !== undefined) this.#timer = setTimeout(this.#late, this.#milliseconds)
  }
}
