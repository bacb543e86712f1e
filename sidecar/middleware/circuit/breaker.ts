// The three states of a circuit (Nygard, "Release It!"): closed, all requests pass; open, none; and on trial, a few, whose outcome decides.
import { Window } from './window.ts'

/** When a circuit opens, and closes again. Times in milliseconds. */
export interface BreakerRules {
  /** Of a hundred requests. */
  readonly share: number
  /** So many requests have to have come in `window`. */
  readonly least: number
  readonly window: number
  readonly open: number
  /** So many requests on trial have to be good. */
  readonly trials: number
}

/** What a breaker tells. */
export interface BreakerWords {
  opened(failed: number, all: number): void
  closed(): void
}

/** How a request went. */
export type Outcome = 'good' | 'failed' | 'unknown'

/** One circuit. */
export class Breaker {
  readonly #rules: BreakerRules
  readonly #words: BreakerWords
  readonly #window: Window
  /** Until when none passes; undefined: closed. */
  #until: number | undefined
  /** Requests on trial that are under way, and those that were good. */
  #underWay = 0
  #good = 0
  /** Times that it has opened: what was let in before says nothing of now. */
  #round = 0

  constructor(rules: BreakerRules, words: BreakerWords) {
    this.#rules = rules
    this.#words = words
    this.#window = new Window(rules.window)
  }

  /** Milliseconds until it may be worth to ask again; 0: at once. `now`: of a clock that does not go back. */
  left(now: number): number {
    return this.#until === undefined ? 0 : Math.max(0, this.#until - now)
  }

  /** `trial`: open, and requests may be tried. */
  state(now: number): 'closed' | 'open' | 'trial' {
    if (this.#until === undefined) return 'closed'
    return now < this.#until ? 'open' : 'trial'
  }

  /** A request wants to pass; undefined: it may not. */
  enter(now: number): ((outcome: Outcome, now: number) => void) | undefined {
    const round = this.#round
    if (this.#until === undefined) {
      return (outcome, then) => {
        if (outcome !== 'unknown' && round === this.#round) this.#count(outcome === 'failed', then)
      }
    }
    if (now < this.#until || this.#underWay + this.#good >= this.#rules.trials) return undefined
    this.#underWay++
    return (outcome, then) => {
      if (round === this.#round && this.#until !== undefined) this.#tried(outcome, then)
    }
  }

  /** A request that had begun well broke off. */
  turned(now: number): void {
    if (this.#until !== undefined) return
    this.#window.turn(now)
    this.#decide(now)
  }

  #count(failed: boolean, now: number): void {
    this.#window.add(failed, now)
    if (failed) this.#decide(now)
  }

  #decide(now: number): void {
    const { all, failed } = this.#window.total(now)
    const { least, share } = this.#rules
    if (all < least || failed * 100 < share * all) return
    this.#open(now)
    this.#words.opened(failed, all)
  }

  #tried(outcome: Outcome, now: number): void {
    this.#underWay--
    if (outcome === 'failed') return this.#open(now)
    if (outcome === 'good' && ++this.#good >= this.#rules.trials) {
      this.#until = undefined
      this.#round++
      this.#window.clear()
      this.#words.closed()
    }
  }

  #open(now: number): void {
    this.#until = now + this.#rules.open
    this.#round++
    this.#underWay = 0
    this.#good = 0
    this.#window.clear()
  }
}
