// Servers that are written to one interface, and an app of that interface that all of them serve.
import type { Packages } from '../apps/app.ts'
import type { Check } from '../frameworks/check.ts'
import type { Difference, Prefix } from '../frameworks/framework.ts'

/** One server, as somebody would put it behind Sidegate. */
export interface Server {
  /** As its makers call it, and how it is reached. */
  readonly title: string
  /** The package that it is in: its version counts. */
  readonly package: string
  /** What is typed: the settings of the mount. */
  mount(prefix: Prefix): Readonly<Record<string, unknown>>
  /** How it is started, where it is there already: beside Sidegate, on the port that the mount names. */
  readonly command?: string
  /** What is looked at beside the checks of all. */
  readonly checks?: readonly Check[]
  /** What it does in its own way, behind any web server. */
  readonly differs?: readonly Difference[]
  /** What is to be known, in a sentence. */
  readonly know?: string
}

/** An interface. The files of its app lie in a folder of its name. */
export interface Family {
  /** As `npm run sisters NAME` calls it. */
  readonly name: string
  /** As people call it. */
  readonly title: string
  readonly packages: Packages
  /** Commands that are run in its folder once the packages and the files are there. */
  readonly prepare?: readonly (readonly string[])[]
  /** What is to be known of all of them, in lines. */
  readonly about: readonly string[]
  /** A file of its app that is shown with that. */
  readonly shown?: string
  readonly servers: readonly Server[]
}

/** The port of a server that is there already, in its mount and its command; a free one when it is run. */
export const PORT = 8080
