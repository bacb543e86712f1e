// Looks after how long requests take: tells of slow ones, ends those that take too long, and has the workers replaced that do not stop then.
// One timer for all of a pool, which is set when a request begins and none is set: in the common case it finds that all is long over.
import { UpstreamError } from '../errors.ts'
import type { Link } from './link.ts'
import type { TimeRules } from './time-limits.ts'
import type { Worker } from './worker.ts'

/** What was done about the request under way on a link. */
interface Done {
  /** The number of the request on the link. */
  readonly request: number
  slow: boolean
  expired: boolean
  condemned: boolean
}

/** Timers may fire a little early. */
const EARLY_MS = 1
/** How soon it is seen that an app was told to stop. */
const TOLD_MS = 100

/** The timekeeper of a pool. */
export class Timekeeper {
  readonly #rules: TimeRules
  readonly #workers: () => Iterable<Worker>
  readonly #done = new WeakMap<Link, Done>()
  /** Those that are asked what they are doing. */
  readonly #asked = new Map<Worker, Promise<string>>()
  #timer: NodeJS.Timeout | undefined

  /** @param workers all that may have requests */
  constructor(rules: TimeRules, workers: () => Iterable<Worker>) {
    this.#rules = rules
    this.#workers = workers
  }

  /** A request has begun. */
  begun(): void {
    if (!this.#timer) this.#set(this.#rules.least)
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #set(milliseconds: number): void {
    if (milliseconds < Infinity) this.#timer = setTimeout(this.#look, Math.max(milliseconds, EARLY_MS)).unref()
  }

  readonly #look = (): void => {
    this.#timer = undefined
    const now = performance.now()
    let next = Infinity
    for (const worker of this.#workers()) {
      for (const link of worker.links) if (link.exchange) next = Math.min(next, this.#judge(worker, link, now))
    }
    this.#set(next)
  }

  /** @returns milliseconds until there is something to look at again */
  #judge(worker: Worker, link: Link, now: number): number {
    const { timeout, kill, slow } = this.#rules.of(link.exchange!)
    const elapsed = link.elapsed(now) + EARLY_MS
    const done = this.#doneFor(link)
    let next = Infinity
    const due = (left: number, name: 'slow' | 'expired' | 'condemned', act: () => Promise<void>): void => {
      if (done[name]) return
      if (left > 0) return void (next = Math.min(next, left))
      done[name] = true
      void act()
    }
    if (!done.expired) due(slow - elapsed, 'slow', () => this.#tell(worker, link, done))
    due(timeout - elapsed, 'expired', () => this.#expire(worker, link, done, timeout))
    if (link.expiredAt > 0)
      due(link.expiredAt + kill - now - EARLY_MS, 'condemned', () => this.#condemn(worker, link, done, kill))
    // Until it is known what it does, and the app was told.
    else if (done.expired) next = Math.min(next, TOLD_MS)
    // One that begins meanwhile finds the timer set.
    return Math.min(next, this.#rules.least)
  }

  #doneFor(link: Link): Done {
    let done = this.#done.get(link)
    if (done?.request !== link.requests) {
      done = { request: link.requests, slow: false, expired: false, condemned: false }
      this.#done.set(link, done)
    }
    return done
  }

  /** A request is over that was under way when its worker was asked for its stack. */
  #isOver(link: Link, { request }: Done): boolean {
    return link.exchange === undefined || link.requests !== request
  }

  /** What a worker is doing: asked once for all of its requests that want to know. */
  #stack(worker: Worker): Promise<string> {
    let asked = this.#asked.get(worker)
    if (!asked) {
      asked = worker.stack().then(({ text }) => {
        this.#asked.delete(worker)
        return text
      })
      this.#asked.set(worker, asked)
    }
    return asked
  }

  async #tell(worker: Worker, link: Link, done: Done): Promise<void> {
    const exchange = link.exchange!
    const took = seconds(link.elapsed(performance.now()))
    const text = await this.#stack(worker)
    if (done.expired) return
    worker.tell(
      `a request takes longer than usual: ${took} so far (slow)`,
      { code: 'REQUEST_SLOW', detail: text },
      exchange,
    )
  }

  async #expire(worker: Worker, link: Link, done: Done, timeout: number): Promise<void> {
    const text = await this.#stack(worker)
    if (this.#isOver(link, done)) return
    const message = `${worker.name} took longer than ${seconds(timeout)} for this request (requestTimeout)`
    link.expire(new UpstreamError('REQUEST_LATE', message, 504, { cause: text }))
  }

  async #condemn(worker: Worker, link: Link, done: Done, kill: number): Promise<void> {
    const text = await this.#stack(worker)
    if (this.#isOver(link, done)) return
    const reason = `a request took too long (requestTimeout), and did not end within ${seconds(kill)} after that (killTimeout)`
    worker.condemn('time', reason, { code: 'REQUEST_STUCK', detail: text }, link.exchange!)
  }
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`
}
