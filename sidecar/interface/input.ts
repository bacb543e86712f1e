// `wsgi.input`: what an app reads the request body with. Nothing is read from the client before the app asks; nothing is kept but
// the rest of the last piece.
import type { RequestBody } from '../body.ts'
import type { InputStream } from './types.ts'

const NOTHING = new Uint8Array(0)
const LF = 10

/** The part of a request body that the stream reads. */
export type InputSource = Pick<RequestBody, 'readNow' | 'read' | 'empty'>

/**
 * The request body as a stream (PEP 3333, "Input and Error Streams"). Iterated, it gives the pieces as they arrive, for any size
 * of body; lines are what `readline` and `readlines` give.
 * Every method rejects with PeerError BODY_CUT when the client goes away inside the body.
 */
export class BodyInput implements InputStream {
  readonly #body: InputSource
  /** What was taken from the body and not yet asked for. */
  #rest: Uint8Array = NOTHING
  #ended = false

  constructor(body: InputSource) {
    this.#body = body
  }

  /** True when it is known that there is no body. */
  get empty(): boolean {
    return this.#body.empty
  }

  async read(size?: number): Promise<Uint8Array> {
    if (size === undefined || size < 0) return join(await this.#all())
    if (size === 0 || !(await this.#fill())) return NOTHING
    return this.#take(size)
  }

  async readline(limit?: number): Promise<Uint8Array> {
    let room = limit === undefined || limit < 0 ? Number.POSITIVE_INFINITY : limit
    const pieces: Uint8Array[] = []
    while (room > 0 && (await this.#fill())) {
      const end = this.#rest.subarray(0, Math.min(room, this.#rest.length)).indexOf(LF)
      const piece = this.#take(end < 0 ? room : end + 1)
      pieces.push(piece)
      if (end >= 0) break
      room -= piece.length
    }
    return join(pieces)
  }

  async readlines(hint?: number): Promise<Uint8Array[]> {
    const lines: Uint8Array[] = []
    let seen = 0
    for (;;) {
      const line = await this.readline()
      if (line.length === 0) return lines
      lines.push(line)
      seen += line.length
      if (hint !== undefined && hint > 0 && seen >= hint) return lines
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    while (await this.#fill()) yield this.#take(this.#rest.length)
  }

  /** Gets the next piece when the last one is used up; false at the end. */
  async #fill(): Promise<boolean> {
    while (this.#rest.length === 0 && !this.#ended) {
      let piece = this.#body.readNow()
      if (piece === undefined) piece = await this.#body.read()
      if (piece === null) this.#ended = true
      else this.#rest = piece
    }
    return this.#rest.length > 0
  }

  #take(size: number): Uint8Array {
    const taken = this.#rest.subarray(0, size)
    this.#rest = this.#rest.subarray(taken.length)
    return taken
  }

  async #all(): Promise<Uint8Array[]> {
    const pieces: Uint8Array[] = []
    while (await this.#fill()) pieces.push(this.#take(this.#rest.length))
    return pieces
  }
}

function join(pieces: Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!
  return pieces.length === 0 ? NOTHING : Buffer.concat(pieces)
}
