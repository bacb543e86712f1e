// What every layer is: settings declared once, and open → handle → close, as a mount has it. A layer stands in front of the whole gateway, or of
// one mount; whoever is in front of it and behind it knows nothing of it.
import type { GenericSchema, InferOutput } from 'valibot'
import type { Exchange } from '../exchange.ts'
import type { Log } from '../log.ts'
import type { LayerStatus } from '../mounts/mount.ts'
import type { ScriptPlace } from '../mounts/script-places.ts'

/** Hands an exchange on: to the next layer, the mount, or the router. What they throw becomes the response; it never throws. */
export type Next = (exchange: Exchange) => void

/** A layer in use. */
export interface Middleware {
  /**
   * Loads what it needs; requests come only when all layers and mounts are open.
   * @throws {ConfigError} when something named in the settings is not there
   */
  open?(): Promise<void>
  /**
   * What can be said of it without starting anything. Not there where `open` does nothing else.
   * @throws {ConfigError} as open
   */
  check?(): Promise<void>
  /**
   * Answers an exchange, or hands it on, now or later: as it is, or as another one that answers through it (`through` of layer.ts). What it
   * throws (or rejects with) becomes the response.
   */
  handle(exchange: Exchange, next: Next): void | Promise<void>
  /**
   * Forgets what it has stored of URLs: of one (`http://example.com/a?b=1`), from the path on of whatever host (`/a?b=1`), or of all that begin
   * so (`/a*`). Not there where nothing is stored.
   * @returns how many responses that were
   */
  purge?(pattern: string): number
  /** What it says of itself. Not there where it has nothing to say. Works before `open`, and after `close`. */
  status?(): LayerStatus
  /** Stops. Works after a failed `open`, and twice; no exchange is under way. */
  close?(): Promise<void>
}

/** What a layer is told about its place. */
export interface MiddlewareContext {
  /** The settings' place in the configuration, for errors: `use.0`, `mounts./shop.use.2`. */
  readonly path: string
  /** The key of the mount that it stands in front of; undefined: it stands in front of them all. */
  readonly mount: string | undefined
  /** Absolute; relative paths in the settings start here. */
  readonly directory: string
  readonly log: Log
  /** Hands a request in at the front of the gateway, as if a client had sent it: what a layer asks for itself (aside.ts). */
  readonly ask: Next
  /** Where the mounts of the configuration have scripts. Default: nowhere. */
  readonly scripts?: readonly ScriptPlace[] | undefined
  /** By whose rules names of files are read. Default: those of this machine. */
  readonly platform?: NodeJS.Platform | undefined
}

/** One kind of layer: an entry of the list in index.ts. `Short`: the name of its short setting, or never. */
export interface MiddlewareKind<
  Name extends string = string,
  Schema extends GenericSchema = GenericSchema,
  Short extends string = string,
> {
  /** What an entry of `use` calls it. */
  readonly name: Name
  /** One sentence for help and docs. */
  readonly summary: string
  /** A strictObject whose entries have a v.description each; defaults by v.optional. */
  readonly settings: Schema
  /** The setting that a value means which is no group of settings: `sheet` has `{ xslt: './s.xsl' }` mean `{ xslt: { sheet: './s.xsl' } }`. */
  readonly short?: Short
  create(settings: InferOutput<Schema>, context: MiddlewareContext): Middleware
}
