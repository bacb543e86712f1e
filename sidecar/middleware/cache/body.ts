// Where the bodies of stored responses are: in memory, or in files (disk.ts).
import type { Described } from './described.ts'

/** The body of a stored response. */
export interface Body {
  readonly size: number
  /** All of it, where it is in memory. */
  readonly bytes: Uint8Array | undefined
  /** To be read, where it is not; undefined when it is not there any more. @throws {Error} when it cannot be read now */
  open(): Promise<OpenBody | undefined>
  /** Nobody asks for it any more. Whoever reads it goes on. */
  remove(): void
}

/** A body that is read. */
export interface OpenBody {
  /** @throws {Error} when less is there */
  read(from: number, length: number): Promise<Uint8Array>
  close(): void
}

/** Takes a body as it comes. */
export interface BodyWriter {
  /** @returns false when it takes no more: there is no room, or it is too slow. Then it is to be abandoned */
  write(bytes: Uint8Array): boolean
  /** All has come. @returns undefined when it could not be stored */
  finish(): Body | undefined | Promise<Body | undefined>
  abandon(): void
}

/** A response that is there. */
export interface Stored extends Described {
  readonly body: Body
}

/** Keeps bodies. */
export interface Bodies {
  /** Makes what is needed. @throws {ConfigError} when there can be nothing */
  open?(): Promise<void>
  /** Finds what is there and was not known: from before, or stored by another process. */
  find?(): Promise<readonly Stored[]>
  /** @returns undefined: there is no room for one more */
  begin(described: Described): BodyWriter | undefined
}
