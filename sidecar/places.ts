// The mounts of a gateway in their places: opens them, has another one take over from one of them, takes one out, ends them.
//
// To reload one, a second mount of the same settings comes up beside it. Once that is open the router has it, and the first one answers what it
// has, within a limit, and is closed. When the second one does not open, the first one has never noticed.
import { ConfigError, UpstreamError, type SidegateError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Log } from './log.ts'
import { Mounted, type MountedStatus, type PlacedMount } from './mounted.ts'
import type { Mount, Stack } from './mounts/mount.ts'
import { listed, nearest } from './nearest.ts'
import { OneAtATime } from './one-at-a-time.ts'
import { requestReport, type RequestReport } from './request-report.ts'
import { Router, type Match } from './router.ts'
import { allSettled, settledWithin } from './settled.ts'
import type { Variables } from './variables.ts'

/** What a process of a mount does at this moment. */
export interface MountStack extends Stack {
  /** The key of the mount. */
  readonly mount: string
}

/** How often it is said which mounts a start waits for: those that take less are of no interest. */
const STILL_MS = 3000

function notOpen(key: string, closed: boolean): ConfigError {
  return new ConfigError('RELOAD_FAILED', '', `${key}: the gateway ${closed ? 'is being stopped' : 'has not started'}`)
}

function unknownMount(key: string, keys: readonly string[]): string {
  const near = nearest(key, keys)
  return `there is no mount ${key}; ${near === undefined ? `there are ${listed(keys)}` : `did you mean ${near}?`}`
}

/** All mounts of a gateway. */
export class Places {
  readonly #log: Log
  readonly #drainTimeout: number
  readonly #mounted: Mounted[]
  /** Those that others took over from, until they have ended; with what they wait for. */
  readonly #finishing = new Map<Mounted, Promise<void>>()
  readonly #reloads = new Map<string, OneAtATime>()
  readonly #router: Router<Mounted>
  #opened = false
  #closed = false

  /** @param drainTimeout milliseconds that requests may take whose mount another one has taken over from */
  constructor(mounts: readonly PlacedMount[], log: Log, drainTimeout: number) {
    this.#log = log
    this.#drainTimeout = drainTimeout
    this.#mounted = mounts.map((one) => new Mounted(one))
    this.#router = new Router(this.#mounted)
  }

  /** Where a request belongs, or undefined when that is nowhere. */
  match(variables: Variables): Match<Mounted> | undefined {
    return this.#router.match(variables)
  }

  /** Those in their places, in the order of the configuration, then those that finish. */
  get all(): Mounted[] {
    return [...this.#mounted, ...this.#finishing.keys()]
  }

  get status(): MountedStatus[] {
    return this.all.map(({ status }) => status)
  }

  /** Requests that are not over. */
  get inFlight(): number {
    return this.all.reduce((sum, { inFlight }) => sum + inFlight, 0)
  }

  /** The one that has a place. @throws {ConfigError} MOUNT_UNKNOWN */
  at(key: string): Mounted {
    const found = this.#mounted.find((mounted) => mounted.key === key)
    if (found) return found
    throw new ConfigError(
      'MOUNT_UNKNOWN',
      '',
      unknownMount(
        key,
        this.#mounted.map((mounted) => mounted.key),
      ),
    )
  }

  /** Opens them side by side; from time to time it is said which ones are waited for. @throws {ConfigError} */
  async open(): Promise<void> {
    const waiting = new Set<string>()
    const open = async ({ key, mount }: Mounted): Promise<void> => {
      waiting.add(key)
      await mount.open().finally(() => waiting.delete(key))
    }
    const say = (): void => this.#log.info(`still waiting for the start of ${[...waiting].join(', ')}`)
    const timer = setInterval(say, STILL_MS)
    try {
      await allSettled(this.#mounted.map(open))
      this.#opened = true
    } finally {
      clearInterval(timer)
    }
  }

  /**
   * Has another mount of the same settings take over from the one in a place; one that was taken out is back with that.
   * @throws {ConfigError} MOUNT_UNKNOWN; MOUNT_STAYS where there can be no other; RELOAD_FAILED where none is open; those of `open`: the one
   *   before serves on
   */
  async reload(key: string): Promise<void> {
    this.at(key)
    if (this.#closed || !this.#opened) throw notOpen(key, this.#closed)
    const known = this.#reloads.get(key)
    const reload = known ?? new OneAtATime(() => this.#reload(key))
    if (!known) this.#reloads.set(key, reload)
    await reload.run()
  }

  async #reload(key: string): Promise<void> {
    const before = this.at(key)
    if (before.mount.reload) {
      const next = await before.mount.reload()
      if (this.#closed) {
        await Promise.all([before.mount.close(), next?.close()])
        throw notOpen(key, true)
      }
      if (next) this.#replace(before, next, Infinity)
      else before.drained = false
      return
    }
    const why = before.mount.stays
    if (why !== undefined || !before.another) {
      throw new ConfigError('MOUNT_STAYS', '', `${key} cannot be reloaded alone${why === undefined ? '' : `: ${why}`}`)
    }
    const mount = before.another()
    try {
      await mount.open()
      if (this.#closed) throw notOpen(key, true)
    } catch (error) {
      await mount.close()
      throw error
    }
    this.#replace(before, mount, this.#drainTimeout)
  }

  /** Gives a place to another mount, and has the one before finish, within `limit` milliseconds. */
  #replace(before: Mounted, mount: Mount, limit: number): void {
    const { key, another } = before
    const after = new Mounted({ key, mount, another }, before)
    this.#mounted[this.#mounted.indexOf(before)] = after
    this.#router.put(after)
    const finished = this.#finish(before, limit)
    this.#finishing.set(before, finished)
    void finished.then(() => this.#finishing.delete(before))
  }

  /** Lets one answer what it has, and closes it. `limit`: Infinity where its processes see to that themselves. */
  async #finish(mounted: Mounted, limit: number): Promise<void> {
    const { key, mount } = mounted
    const late = (): void => {
      const { inFlight } = mounted
      const message = `${inFlight} requests were still running ${limit / 1000} s after the reload of ${key} and were cut`
      this.#log.warn(message, { code: 'DRAIN_TIMEOUT', mount: key })
      mounted.fail(new UpstreamError('MOUNT_RELOADED', 'the mount was reloaded, and the request took too long', 503))
    }
    const drained = mounted.drain()
    await (limit === Infinity ? drained : settledWithin(limit, drained, late))
    await mount.close()
  }

  /**
   * Takes one out, or back: what comes to it gets 503 meanwhile, what it has is answered.
   * @returns how many requests are still in flight there: none, or those that were not over within the limit
   * @throws {ConfigError} MOUNT_UNKNOWN
   */
  async takeOut(key: string, out: boolean): Promise<number> {
    const mounted = this.at(key)
    mounted.drained = out
    if (out) await settledWithin(this.#drainTimeout, mounted.idle())
    return mounted.inFlight
  }

  /** @returns false when no mount has such a process. @throws {ConfigError} as Mount.recycle */
  async recycle(pid: number): Promise<boolean> {
    for (const { mount } of this.#mounted) if (await mount.recycle?.(pid)) return true
    return false
  }

  /** Has what is stored of URLs forgotten in front of the mounts. @returns how many responses that were */
  purge(pattern: string): number {
    return this.all.reduce((sum, { mount }) => sum + (mount.purge?.(pattern) ?? 0), 0)
  }

  /** What the processes do at this moment, of all mounts or of one. @throws {ConfigError} MOUNT_UNKNOWN */
  async stacks(key: string | undefined): Promise<MountStack[]> {
    const wanted = key === undefined ? this.all : this.all.filter((mounted) => mounted.key === this.at(key).key)
    const found = wanted.map(async ({ key: own, mount }) => {
      const stacks = (await mount.stacks?.()) ?? []
      return stacks.map((stack) => ({ mount: own, ...stack }))
    })
    return (await Promise.all(found)).flat()
  }

  /** The requests that are not over. One that another one answers, inside the gateway, is told as that one. */
  get requests(): RequestReport[] {
    const now = performance.now()
    return this.all.flatMap((mounted) =>
      [...mounted.exchanges].filter((exchange) => !answeredByAnother(exchange)).map((one) => requestReport(one, now)),
    )
  }

  /** Resolves when no request is in flight; the caller sees to it that no more come. */
  async drain(): Promise<void> {
    await Promise.all(this.all.map((mounted) => mounted.drain()))
  }

  /** Cuts the requests in flight. */
  abort(reason: SidegateError): void {
    for (const mounted of this.all) mounted.abort(reason)
  }

  /** Ends them all. Works twice. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled([...this.#mounted.map(({ mount }) => mount.close()), ...this.#finishing.values()])
  }
}

/** True for a request that one in the hands of a mount, again, answers: its own layers are none. */
function answeredByAnother({ inner }: Exchange): boolean {
  for (let one = inner; one; one = one.inner) if (one.entry) return true
  return false
}
