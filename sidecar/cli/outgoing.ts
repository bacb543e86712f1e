// One request of `sidegate request`, and who takes the answer.
import type { Endpoint } from '../address.ts'
import type { Head } from '../wire/head.ts'

/** The body of a request. */
export interface OutgoingBody {
  /** Bytes; undefined when only the end tells. */
  readonly length: number | undefined
  readonly chunks: AsyncIterable<Uint8Array>
}

/** A request that is to be sent. */
export interface Outgoing {
  readonly endpoint: Endpoint
  readonly method: string
  /** Raw path and query. */
  readonly target: string
  readonly headers: readonly (readonly [string, string])[]
  /** For protocols that have variables: put over those made from the rest. */
  readonly variables: readonly (readonly [string, string])[]
  readonly body: OutgoingBody | undefined
  /** Milliseconds of silence. */
  readonly timeout: number
}

/** Takes what happens, in order. */
export interface Answer {
  /** What was sent, as lines for people. */
  sent(lines: string): void
  head(head: Head): void
  /** @returns false when `drained` should be waited for. */
  body(bytes: Uint8Array): boolean
  drained(): Promise<void>
  /** Text that the server wrote beside its answer (FastCGI's STDERR). */
  errors(bytes: Uint8Array): void
}
