// Pairs of name and password that were right: a browser sends them with every request, and to check them takes long by design. Kept is a
// digest under a key of this process, which is of no use to anybody else; a password is kept nowhere.
import { createHmac, randomBytes } from 'node:crypto'

const PAIRS_MAX = 1000
/** Milliseconds. */
const KEPT = 5 * 60 * 1000

/** Remembers what was right, and has others wait for what is being checked. */
export class Verified {
  readonly #key = randomBytes(32)
  readonly #until = new Map<string, number>()
  readonly #checks = new Map<string, Promise<boolean>>()

  /** A name for the pair and the hash that it is checked against: with another hash it is another one. */
  nameOf(user: string, password: Buffer, hash: string): string {
    const pair = createHmac('sha256', this.#key).update(`${user}\0`, 'latin1').update(password)
    return pair.update(`\0${hash}`, 'latin1').digest('base64')
  }

  /** True when it was right a short time ago. */
  has(name: string): boolean {
    const until = this.#until.get(name)
    return until !== undefined && performance.now() < until
  }

  /** What `verify` finds; who asks for the same meanwhile waits for that. */
  check(name: string, verify: () => Promise<boolean>): Promise<boolean> {
    const under = this.#checks.get(name)
    if (under) return under
    const check = verify()
      .then((right) => {
        if (right) this.#keep(name)
        return right
      })
      .finally(() => this.#checks.delete(name))
    this.#checks.set(name, check)
    return check
  }

  #keep(name: string): void {
    this.#until.delete(name)
    // The oldest stands first.
    if (this.#until.size >= PAIRS_MAX) this.#until.delete(this.#until.keys().next().value!)
    this.#until.set(name, performance.now() + KEPT)
  }
}
