// A framework as somebody would use it behind Sidegate: what is installed, what is typed, and what is to be known.
import type { Packages } from '../apps/app.ts'
import type { Check } from './check.ts'

/** Where an app is mounted: at `/`, or below `/x`. */
export type Prefix = '' | '/x'

/** What the settings of a mount depend on. */
export interface Place {
  readonly prefix: Prefix
  /** The Python that has the framework: settings of a `python` mount. */
  readonly environment: { readonly venv: string } | { readonly interpreter: string }
  /** A program of that Python: `uvicorn`. */
  readonly program: (name: string) => string
}

/** Something that a framework does in its own way, behind any server. */
export interface Difference {
  /** The check that fails because of it. */
  readonly check: string
  /** Where it fails. Default: at both. */
  readonly at?: Prefix
  readonly why: string
}

/** One framework, and an app of it. Its files lie beside it, in a folder of its name. */
export interface Framework {
  /** As `npm run frameworks NAME` calls it. */
  readonly name: string
  /** As its makers call it. */
  readonly title: string
  readonly packages: Packages
  /** Commands that are run in its folder once its files are there. */
  readonly prepare?: readonly (readonly string[])[]
  /** What is typed: the settings of the mount. */
  mount(place: Place): Readonly<Record<string, unknown>>
  /** What is looked at. Default: the checks of every app. */
  readonly checks?: readonly Check[]
  readonly differs?: readonly Difference[]
  /** What is to be known, in sentences. */
  readonly know?: readonly string[]
}

/** One that cannot be run. */
export interface Missing {
  readonly name: string
  readonly title: string
  /** What was tried, and why it is not run. */
  readonly missing: string
}
