// The stored responses by their URL. There is room for so many bytes: those that nobody has asked for longest go first.
import { LinkedList } from '../../linked-list.ts'
import type { Variables } from '../../variables.ts'
import type { Body } from './body.ts'
import type { Described } from './described.ts'
import { fits, type Entry } from './entry.ts'
import type { Key } from './key.ts'

/** Of one URL: what clients can send in fields that tell responses apart is without end. */
const VARIANTS_MAX = 32
/** Each takes a kilobyte of memory, wherever its body is. */
const ENTRIES_MAX = 50_000
/** What an entry takes beside its body, in bytes. */
const ENTRY = 1024

/** Which of them are meant: a whole URL, or with `*` at its end all that begin so; from the path on, whatever the host, where it begins with a slash. */
export function isNamed(url: string, pattern: string): boolean {
  const from = pattern.startsWith('/') ? url.indexOf('/', url.indexOf('://') + 3) : 0
  return pattern.endsWith('*') ? url.startsWith(pattern.slice(0, -1), from) : url.slice(from) === pattern
}

/** All of them. */
export class Shelf {
  readonly #max: number
  readonly #byUrl = new Map<string, Entry[]>()
  readonly #order = new LinkedList<Entry>()
  #size = 0

  /** @param max bytes */
  constructor(max: number) {
    this.#max = max
  }

  /** Bytes that are taken. */
  get size(): number {
    return this.#size
  }

  get entries(): number {
    return this.#order.size
  }

  /** True when there is one of this URL, whatever else it asks for. */
  knows({ url }: Key): boolean {
    return this.#byUrl.has(url)
  }

  find({ url, apart }: Key, variables: Variables): Entry | undefined {
    const entry = this.#byUrl.get(url)?.find((one) => one.apart === apart && fits(one, variables))
    if (entry?.place) {
      this.#order.remove(entry.place)
      entry.place = this.#order.add(entry)
    }
    return entry
  }

  /** Takes one that another process has stored, unless there is a later one. */
  adopt(described: Described, body: Body): void {
    const before = this.#same(described)
    if (before && before.times.received >= described.times.received) body.remove()
    else this.add(described, body)
  }

  /** Puts one in the place of the one that it takes over from, if there is any. */
  add(described: Described, body: Body): void {
    const { url, apart, vary, head, times } = described
    const variants = this.#byUrl.get(url) ?? []
    const before = this.#same(described)
    if (before) this.remove(before)
    else if (variants.length >= VARIANTS_MAX) this.remove(variants[0]!)
    const size = body.size + ENTRY
    const entry: Entry = { url, apart, vary, head, times, body, size, place: undefined, refreshing: false }
    if (size > this.#max) return body.remove()
    const kept = this.#byUrl.get(url)
    if (kept) kept.push(entry)
    else this.#byUrl.set(url, [entry])
    entry.place = this.#order.add(entry)
    this.#size += size
    while (this.#size > this.#max || this.#order.size > ENTRIES_MAX) this.remove(this.#order.first!.item)
  }

  /** Works twice. */
  remove(entry: Entry): void {
    if (!entry.place) return
    this.#order.remove(entry.place)
    entry.place = undefined
    this.#size -= entry.size
    const others = this.#byUrl.get(entry.url)!.filter((one) => one !== entry)
    if (others.length > 0) this.#byUrl.set(entry.url, others)
    else this.#byUrl.delete(entry.url)
    entry.body.remove()
  }

  /** Removes all of one URL. @returns how many there were */
  removeUrl(url: string): number {
    const entries = this.#byUrl.get(url) ?? []
    for (const entry of entries) this.remove(entry)
    return entries.length
  }

  /** The one that answers the same requests. */
  #same({ url, apart, vary }: Described): Entry | undefined {
    const same = JSON.stringify(vary)
    return this.#byUrl.get(url)?.find((one) => one.apart === apart && JSON.stringify(one.vary) === same)
  }

  /** Removes those that a pattern names. @returns how many there were */
  purge(pattern: string): number {
    const before = this.#order.size
    for (const url of this.#byUrl.keys()) if (isNamed(url, pattern)) this.removeUrl(url)
    return before - this.#order.size
  }
}
