// A real application, as somebody would put it behind Sidegate: what is installed, what is typed, and what has to work then.
import type { Visitor } from './visitor.ts'

/** Where an application is installed, and what it is asked through. */
export interface Place {
  /** Its own folder, which is kept from one run to the next: packages are in it. */
  readonly folder: string
  /** A folder for what it keeps, fresh each time. */
  readonly data: string
  /** A free port, for an application that is told one. */
  readonly port: number
}

/** What of it comes from a registry. */
export type Packages =
  | { readonly npm: readonly string[] }
  | { readonly pip: readonly string[] }
  | { readonly debian: readonly string[] }

/** Something that has to work: what it is, and how that is seen. It throws where it does not. */
export type Check = readonly [what: string, look: (visitor: Visitor, place: Place) => Promise<void>]

/** One application. */
export interface RealApp {
  /** As `npm run apps NAME` calls it. */
  readonly name: string
  /** As its makers call it. */
  readonly title: string
  readonly packages: Packages
  /** Files by their names in its folder. */
  files?(place: Place): Readonly<Record<string, string>>
  /** Commands that are run in its folder once the files are there. */
  prepare?(place: Place): readonly (readonly string[])[]
  /** A server of its own that runs beside the gateway, where there is one; it listens on `port`. */
  server?(place: Place): { readonly command: readonly string[]; readonly env?: Readonly<Record<string, string>> }
  /** Where it is mounted. */
  readonly at: string
  /** What is typed: the settings of the mount. */
  mount(place: Place): Readonly<Record<string, unknown>>
  /** What is typed in the application itself, in words. */
  readonly itself?: string
  readonly checks: readonly Check[]
}

/** Ends a check. */
export function demand(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(what)
}
