// A gateway that rests after a burst gives back the memory that the burst took.
import { collectAll } from './collector.ts'

/** How often it looks whether it rests, in milliseconds. */
const LOOK_MS = 1000
/** Looks in a row with next to nothing to do: it rests. */
const QUIET_LOOKS = 8
/** What was given back and taken again is waited for twice as long the next time, up to so many looks: the burst after it pays for each. */
const QUIET_LOOKS_MOST = 512
/** The part of the time that it may do something and rest all the same. */
const QUIET_UTILIZATION = 0.03
/** Bytes more than at the last rest are worth it: less than this comes and goes with a few requests. */
const WORTH = 24 * 1024 * 1024
/** An app in this process with more objects than this would have its next requests wait for the collection: V8 has its own way with them. */
const HEAP_MOST = 96 * 1024 * 1024

/** Looks after the memory of this process. */
export class Rest {
  #timer: NodeJS.Timeout | undefined
  #before = performance.eventLoopUtilization()
  #quiet = 0
  #wanted = QUIET_LOOKS
  /** One at most, which nobody reads. */
  readonly #kept: unknown[] = []
  /** Resident memory at the last rest; Infinity until it is known. */
  #resident = Infinity

  /** The process is ready, and has had nothing to do yet. */
  begin(): void {
    this.#resident = process.memoryUsage.rss()
  }

  /** There is something to do. */
  wake(): void {
    if (this.#timer) return
    this.#before = performance.eventLoopUtilization()
    this.#quiet = 0
    this.#timer = setInterval(this.#look, LOOK_MS).unref()
  }

  /**
   * A request is over. The last one is kept, with its connection and all that belongs to either: V8 forgets the shape of an object of which it
   * finds none when it collects everything, and what was compiled for it.
   */
  keep(request: unknown): void {
    this.#kept[0] = request
  }

  end(): void {
    this.#kept.length = 0
    clearInterval(this.#timer)
  }

  readonly #look = (): void => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, this.#before)
    this.#before = now
    this.#quiet = utilization < QUIET_UTILIZATION ? this.#quiet + 1 : 0
    if (this.#quiet < this.#wanted) return
    clearInterval(this.#timer)
    this.#timer = undefined
    const { rss, heapUsed } = process.memoryUsage()
    if (rss - this.#resident < WORTH || heapUsed > HEAP_MOST) return
    this.#wanted = Math.min(2 * this.#wanted, QUIET_LOOKS_MOST)
    collectAll()
    this.#resident = process.memoryUsage.rss()
  }
}
