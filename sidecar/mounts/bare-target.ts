// A target of the command line that does not say its kind: how a kind knows its own.
import type { Stats } from 'node:fs'

/** A path or module, taken apart. */
export interface BareTarget {
  /** As it is written. */
  readonly text: string
  /** Without `:callable` behind it. */
  readonly path: string
  /** What to call in it, which may be a factory: `app`, `make_app()`. */
  readonly callable: string | undefined
  /** Where relative paths start. */
  readonly cwd: string
  /** What is there, without the `#name` of an export behind the path. */
  readonly found: Stats | undefined
}

/** A kind takes a target for its own. */
export interface Claim {
  /** What stands behind `KIND:`. */
  readonly value: string
  /** Why, for who wrote it: `it is a folder`. */
  readonly because: string
  /** What is there, for when others claim the target too. */
  readonly what: string
}

/** The properties of an export. `callable`: it is a function. */
export type Properties = Readonly<Record<string, unknown>> & { readonly callable: boolean }

/** What a framework is known by. */
export interface Shape {
  readonly because: string
  has(value: Properties): boolean
}

/** The exports of TypeScript and JavaScript modules that are of one kind. */
export interface KnownExports {
  /** A function that nothing tells apart, as what it could be: `an app (environ, startResponse)`. */
  readonly plain: string
  /** What is of the kind whatever its name; nothing is that another kind has here. */
  readonly shapes: readonly Shape[]
  /** Names by which a function that has none of these shapes is of the kind. */
  readonly names?: { readonly words: readonly string[]; readonly because: string }
  /** Of what is of no kind, and nearly of this one: what to do about it. */
  nearly?(value: Properties): string | undefined
}

/** Whether an export has a method. */
export function hasMethod(value: Properties, name: string): boolean {
  return typeof value[name] === 'function'
}
