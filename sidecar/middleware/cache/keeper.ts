// What is stored, and what is on its way there.
import type { Variables } from '../../variables.ts'
import { withField, withoutFields, fieldOf } from '../response-fields.ts'
import type { Head } from '../../wire/head.ts'
import type { Bodies, Body, BodyWriter } from './body.ts'
import type { Described } from './described.ts'
import type { Entry } from './entry.ts'
import { variedBy, type Key } from './key.ts'
import type { Policy } from './policy.ts'
import { isNamed, Shelf } from './shelf.ts'

/** Of a 304 these are about itself, and not about what it confirms (RFC 9111 3.2). */
const NOT_UPDATED: ReadonlySet<string> = new Set([
  'age',
  'cache-status',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'etag',
])

/** How often is looked for what other processes have stored in the same place, in milliseconds. */
const FIND_MS = 60_000
const FORGOTTEN_MAX = 1000

/** What a keeper is made of. */
export interface KeeperOptions {
  readonly policy: Policy
  readonly bodies: Bodies
  /** Bytes of all. */
  readonly max: number
  /** Bytes of one. */
  readonly maxEntry: number
  readonly keepCookies: boolean
}

/** Stores responses. */
export class Keeper {
  readonly shelf: Shelf
  readonly #options: KeeperOptions
  readonly #fills = new Set<Fill>()
  /** What was forgotten lately: other processes may have stored more of it. */
  readonly #forgotten: { readonly names: (url: string) => boolean; readonly at: number }[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(options: KeeperOptions) {
    this.#options = options
    this.shelf = new Shelf(options.max)
  }

  /** Cookies that a response sets are stored with it. */
  get keepsCookies(): boolean {
    return this.#options.keepCookies
  }

  /** Takes what is there from before. @throws {ConfigError} when there can be nothing */
  async open(): Promise<void> {
    const { bodies } = this.#options
    await bodies.open?.()
    if (!bodies.find) return
    await this.#adopt()
    // What cannot be read now may be the next time.
    this.#timer = setInterval(() => void this.#adopt().catch(() => {}), FIND_MS).unref()
  }

  /** A response to a GET is on its way, or about to be: what is forgotten from now on, it may be of before. */
  expect(key: Key): Fill {
    const fill = new Fill(key, this, () => this.#fills.delete(fill))
    this.#fills.add(fill)
    return fill
  }

  /** Where the body of a response goes; undefined when it is not to be stored. */
  begin(key: Key, variables: Variables, head: Head, admitted: boolean): Begun | undefined {
    const { policy, bodies, maxEntry } = this.#options
    if (Number(fieldOf(head, 'content-length') ?? 0) > maxEntry) return undefined
    const vary = variedBy(fieldOf(head, 'vary'), variables)
    const times = vary && policy.timesOf(variables, head, admitted)
    if (!times) return undefined
    const { url, apart } = key
    const described = { url, apart, vary, head: this.#kept(head), times }
    const writer = bodies.begin(described)
    return writer && { described, writer, max: maxEntry }
  }

  /** A 304 has said that an entry is right still: it is as if it had come now (RFC 9111 4.3.4). @returns false when it is not kept any longer */
  confirm(entry: Entry, variables: Variables, answer: Head): boolean {
    let head = entry.head
    const seen = new Set<string>()
    for (const [name, value] of answer.headers) {
      const lower = name.toLowerCase()
      if (NOT_UPDATED.has(lower) || (lower === 'set-cookie' && !this.keepsCookies)) continue
      const { status, reason, headers } = head
      head = seen.has(lower) ? { status, reason, headers: [...headers, [name, value]] } : withField(head, name, value)
      seen.add(lower)
    }
    if (!seen.has('date')) head = withField(head, 'Date', new Date().toUTCString())
    entry.head = head
    // Chosen by something else from now on: whom it is for is not known.
    const varied = JSON.stringify(variedBy(fieldOf(head, 'vary'), variables)) !== JSON.stringify(entry.vary)
    const times = varied ? undefined : this.#options.policy.timesOf(variables, head)
    if (times) entry.times = times
    else this.shelf.remove(entry)
    return times !== undefined
  }

  /** Forgets all that a pattern names, and what of it is on its way. @returns how many were stored */
  purge(pattern: string): number {
    this.#note((url) => isNamed(url, pattern))
    for (const fill of this.#fills) if (isNamed(fill.url, pattern)) fill.abandon()
    return this.shelf.purge(pattern)
  }

  /** The same for one URL: it comes from a client, and a `*` at its end is that and no more. */
  forget(url: string): void {
    this.#note((other) => other === url)
    for (const fill of this.#fills) if (fill.url === url) fill.abandon()
    this.shelf.removeUrl(url)
  }

  /** Gives up what is on its way. */
  close(): void {
    clearInterval(this.#timer)
    for (const fill of this.#fills) fill.abandon()
  }

  /** Takes what other processes have stored, but for what was forgotten since. */
  async #adopt(): Promise<void> {
    for (const { body, ...described } of await this.#options.bodies.find!()) {
      const { url, times } = described
      if (this.#forgotten.some(({ names, at }) => times.received <= at && names(url))) body.remove()
      else this.shelf.adopt(described, body)
    }
  }

  #note(names: (url: string) => boolean): void {
    if (!this.#options.bodies.find) return
    const at = Date.now()
    while (this.#forgotten.length >= FORGOTTEN_MAX || at - (this.#forgotten[0]?.at ?? at) > 2 * FIND_MS)
      this.#forgotten.shift()
    this.#forgotten.push({ names, at })
  }

  /** The head as it is stored: without what was about this response alone, and with the date that it was made (RFC 9110 6.6.1). */
  #kept(head: Head): Head {
    const own = withoutFields(head, 'age', 'cache-status', 'content-length')
    const kept = this.keepsCookies ? own : withoutFields(own, 'set-cookie', 'set-cookie2')
    return fieldOf(kept, 'date') === undefined ? withField(kept, 'Date', new Date().toUTCString()) : kept
  }
}

/** A response whose body comes. */
interface Begun {
  readonly described: Described
  readonly writer: BodyWriter
  /** Bytes that it may have. */
  readonly max: number
}

/** A response on its way into the store. */
export class Fill {
  readonly #key: Key
  readonly #keeper: Keeper
  readonly #over: () => void
  #begun: Begun | undefined
  #size = 0
  #forgotten = false

  constructor(key: Key, keeper: Keeper, over: () => void) {
    this.#key = key
    this.#keeper = keeper
    this.#over = over
  }

  get url(): string {
    return this.#key.url
  }

  /** The head is there; another one may take its place. `admitted`: a layer has let the request in. @returns false when it is not to be stored */
  begin(variables: Variables, head: Head, admitted: boolean): boolean {
    this.#stop()
    this.#size = 0
    if (!this.#forgotten) this.#begun = this.#keeper.begin(this.#key, variables, head, admitted)
    return this.#begun !== undefined
  }

  /** What is too long, or comes quicker than it can be stored, is not stored. */
  write(bytes: Uint8Array): void {
    this.#size += bytes.byteLength
    if (this.#begun && (this.#size > this.#begun.max || !this.#begun.writer.write(bytes))) this.#stop()
  }

  /** All has come. @returns a promise where it takes time */
  complete(): void | Promise<void> {
    const body = this.#begun?.writer.finish()
    if (body instanceof Promise) return body.then((stored) => this.#add(stored))
    this.#add(body)
    return undefined
  }

  /** It is not to be stored. Works twice, and after the end. */
  abandon(): void {
    this.#forgotten = true
    this.#stop()
    this.#over()
  }

  #stop(): void {
    this.#begun?.writer.abandon()
    this.#begun = undefined
  }

  #add(body: Body | undefined): void {
    const begun = this.#begun
    this.#begun = undefined
    this.#over()
    if (!body) return
    // Forgotten while it was written.
    if (begun) this.#keeper.shelf.add(begun.described, body)
    else body.remove()
  }
}
