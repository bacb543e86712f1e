// One signal to all processes at once, as `systemctl kill` and the end of a control group send it, reaches most of them twice: by the system, and by the
// supervisor that passes it on. That is no second signal, by which what is under way would be cut.

/** The ways by which a process hears the same. */
export class Echoes {
  readonly #heard = new Set<string>()

  /** It was heard by this way. Gives whether that is only what another way has brought already. */
  again(way: string): boolean {
    const echo = !this.#heard.has(way) && this.#heard.size > 0
    this.#heard.add(way)
    return echo
  }
}
