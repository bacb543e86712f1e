// The body of a request, as a stream and as a whole.
import type { HandledBody } from '../handled.ts'

/** All of a body that nobody has read from. No bound here: an app that asks for the whole wants the whole. */
export async function readAll(body: HandledBody): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for (;;) {
    const now = body.readNow()
    const chunk = now === undefined ? await body.read() : now
    if (chunk === null) return Buffer.concat(chunks)
    chunks.push(chunk)
  }
}

/** A stream that pulls one chunk at a time: nothing is read ahead, so that the client is stopped when the app does not read. */
export function bodyStream(body: HandledBody): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await body.read()
        if (chunk === null) controller.close()
        else controller.enqueue(chunk)
      },
      cancel() {
        body.discard()
      },
    },
    { highWaterMark: 0 },
  )
}
