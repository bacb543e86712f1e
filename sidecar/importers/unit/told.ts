// The report of an import from Unit: what became of each part of the configuration, by its path there.
import type { ConfigPath } from '../../problem.ts'
import { ImportReport } from '../report.ts'
import type { UnitSource } from './source.ts'

/** Parts below which values may be secrets: they are named, and not shown. */
const SECRET = /(?:^|\/)(?:environment|options\/admin|options\/user|arguments|options)(?:\/|$)/

/** Tells, and knows what was told. */
export class Told {
  readonly report = new ImportReport()
  readonly #source: UnitSource
  readonly #told = new Set<string>()
  readonly #left = new Set<string>()

  constructor(source: UnitSource) {
    this.#source = source
  }

  carried(path: ConfigPath, to: ConfigPath, note?: string): void {
    if (this.#first(path)) this.report.carried(this.place(path), this.written(path), to, note)
  }

  changed(path: ConfigPath, to: ConfigPath | undefined, note: string): void {
    if (this.#first(path)) this.report.changed(this.place(path), this.written(path), to, note)
  }

  /** Told even of what something else was said of before: the pass of a listener has an address, and may lead nowhere. */
  left(path: ConfigPath, why: string): void {
    this.#first(path)
    const key = path.join('\n')
    if (this.#left.has(key)) return
    this.#left.add(key)
    this.report.left(this.place(path), this.written(path), why)
  }

  /** It says nothing by itself: it is part of what is told elsewhere. */
  covered(path: ConfigPath): void {
    this.#first(path)
  }

  place(path: ConfigPath): string {
    return this.#source.place(path)
  }

  /** `"threads": 4`, `routes[0]`. */
  written(path: ConfigPath): string {
    const last = path.at(-1)
    const name = typeof last === 'number' ? `${path.at(-2)}[${last}]` : String(last)
    const value = path.reduce<unknown>(
      (at, key) => (at as Record<string, unknown> | undefined)?.[key],
      this.#source.data,
    )
    if (SECRET.test(path.slice(0, -1).join('/'))) return name
    return typeof value === 'object' ? name : `${name}: ${JSON.stringify(value)}`
  }

  /** Tells of all that nobody has told of. @param why */
  rest(why: string): void {
    this.#restBelow(this.#source.data, [], why)
  }

  #restBelow(value: unknown, path: ConfigPath, why: string): void {
    if (this.#told.has(path.join('\n'))) return
    const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
    if (entries.length === 0) {
      if (path.length > 0 && !isEmpty(value)) this.left(path, why)
      return
    }
    for (const [key, item] of entries) {
      this.#restBelow(item, [...path, Array.isArray(value) ? Number(key) : key], why)
    }
  }

  #first(path: ConfigPath): boolean {
    const key = path.join('\n')
    if (this.#told.has(key)) return false
    this.#told.add(key)
    return true
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
