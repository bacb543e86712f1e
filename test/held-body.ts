// A request body whose end is in the hands of a test.

/** For `body` of a TestRequest. */
export interface HeldBody {
  readonly body: AsyncGenerator<Uint8Array>
  /** Settles when what comes first has been taken, and more is asked for. */
  readonly asked: Promise<void>
  /** Lets the last byte come, a dot. */
  end(): void
}

/** Makes one that begins with `first`. */
export function heldBody(first: string | Uint8Array): HeldBody {
  const asked = Promise.withResolvers<void>()
  const end = Promise.withResolvers<void>()
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(first as string)
    asked.resolve()
    await end.promise
    yield Buffer.from('.')
  }
  return { body: body(), asked: asked.promise, end: end.resolve }
}
