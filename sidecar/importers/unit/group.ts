// What several parts of the importer hand to each other.
import type { Target } from './target.ts'
import type { Told } from './told.ts'

/** A group of the configuration. */
export type Group = Readonly<Record<string, unknown>>

/** What answers, and the path that it gets. */
export interface Answer {
  readonly target: Target
  /** As the `to` of a rule; undefined: the path that was asked for. */
  readonly to: string | undefined
  /** What is different. */
  readonly note: string | undefined
}

/** An application and how it is told of. */
export interface AppContext {
  readonly name: string
  readonly app: Group
  /** One of `targets`; undefined: it has none. */
  readonly part: string | undefined
  readonly told: Told
  /** The place of a setting of its mount. */
  readonly to: (setting: string) => readonly string[]
}
