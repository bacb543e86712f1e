// What lint remembers of a response, from startResponse to the end of the body.

/** What is known of a response. */
export interface LintedHead {
  started: boolean
  /** The app took over the connection. */
  upgraded: boolean
  status: number
  /** Content-Length, when it was given. */
  length: number | undefined
  hasType: boolean
  /** HEAD: an app may give a body all the same; it is not sent. */
  readonly headRequest: boolean
  /** Bytes of the body so far. */
  sent: number
  /** What a write was refused for: an app need not wait for its writes, so it is thrown again when its body ends. */
  failure: unknown
}
