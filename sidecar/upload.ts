// The body of a request on its way to an app or a server: as it comes from the client, its first part kept so that it can be sent again; or
// taken whole beforehand, so that its length can be told, or so that no slow client keeps what answers it.
import { BODY_HIGH_WATER, RequestBody } from './body.ts'
import { PeerError } from './errors.ts'
import { Spool } from './spool.ts'
import type { SpoolFile } from './spool-file.ts'

/** How much of a body is taken before it is passed on. Bytes. */
export interface SpoolBounds {
  /** In memory; the rest goes to a file. */
  readonly memory: number
  /** In all. A body of unknown length that is longer gets 413; 0: any such body gets 411. */
  readonly most: number
}

/** A request body to be sent. */
export class Upload {
  readonly #body: RequestBody
  #length: number | undefined
  /** What was read of the body: from `#next` on it is still to be sent. */
  #kept: Uint8Array[] = []
  #keptSize = 0
  #next = 0
  #repeatable = true
  /** Nothing comes after what is kept, but what is in the file. */
  #whole = false
  #spool: Spool | undefined
  #arriving: Promise<void> | undefined
  /** How often it was sent from its beginning: who began before gets nothing any more. */
  #round = 0

  constructor(body: RequestBody) {
    this.#body = body
    this.#length = body.length
    if (body.length === 0) this.#whole = true
    else if (body.complete) this.#keepArrived()
  }

  /** Bytes; 0: there is no body; undefined: only its end will tell. */
  get length(): number | undefined {
    return this.#length
  }

  /** The whole body, when it is in memory in one piece. */
  get whole(): Uint8Array | undefined {
    return this.#whole && this.#kept.length === 1 && !this.#file ? this.#kept[0] : undefined
  }

  /** What comes behind what is kept. */
  get #file(): SpoolFile | undefined {
    return this.#spool?.file
  }

  /** True when all that was read of it is kept. */
  get repeatable(): boolean {
    return this.#repeatable
  }

  /** True when all of it will be kept, too. */
  get staysRepeatable(): boolean {
    return this.#whole || (this.#length !== undefined && this.#length <= BODY_HIGH_WATER)
  }

  /** Goes back to the beginning, for another try. */
  rewind(): void {
    this.#round++
    this.#next = 0
    this.#file?.rewind()
  }

  /** As in RequestBody: bytes, null at the end, undefined when `read` would wait. */
  readNow(): Uint8Array | null | undefined {
    if (this.#next === this.#kept.length) {
      if (this.#whole) return this.#file ? undefined : null
      if (this.#arriving) return undefined
      const chunk = this.#body.readNow()
      if (!chunk) return chunk
      this.#keep(chunk)
    }
    return this.#repeatable ? this.#kept[this.#next++] : this.#kept.shift()
  }

  /**
   * The next bytes, or null at the end.
   * @throws {SidegateError} what the door had to tell of its client.
   */
  async read(): Promise<Uint8Array | null> {
    const chunk = this.readNow()
    if (chunk !== undefined) return chunk
    if (this.#file) return this.#file.read()
    const round = this.#round
    // A try that failed may have asked for it.
    await (this.#arriving ??= this.#arrive())
    return round === this.#round ? (this.readNow() ?? null) : null
  }

  /**
   * Whether all of it has arrived already is chance: the bounds are the same.
   * @throws {PeerError} LENGTH_REQUIRED (411), BODY_TOO_LARGE (413) for a body of unknown length that must not be taken.
   */
  check({ most }: SpoolBounds): void {
    if (this.#body.length !== undefined) return
    if (most === 0) {
      const message = 'the request does not tell the length of its body, and it must not be taken whole (maxSpool is 0)'
      throw new PeerError('LENGTH_REQUIRED', message, 411)
    }
    if (this.#length !== undefined && this.#length > most) throw tooLarge(most)
  }

  /**
   * Takes all of it, so that nobody has to wait for the client any more.
   * @returns false for one that is said to be longer than the bounds: it is left to come
   * @throws {PeerError} LENGTH_REQUIRED (411), BODY_TOO_LARGE (413), and what `read` throws.
   * @throws {GatewayError} SPOOL_FULL, SPOOL_FAILED (503).
   */
  async take(bounds: SpoolBounds): Promise<boolean> {
    this.check(bounds)
    if (this.#whole) return true
    const { memory, most } = bounds
    if (this.#length !== undefined && this.#length > most) return false
    const spool = new Spool(memory)
    try {
      for (let chunk = await this.#body.read(); chunk !== null; chunk = await this.#body.read()) {
        if (spool.length + chunk.byteLength > most) throw tooLarge(most)
        await spool.add(chunk)
      }
    } catch (error) {
      spool.close()
      throw error
    }
    this.#spool = spool
    this.#kept = [...spool.pieces]
    this.#whole = true
    this.#length = spool.length
    return true
  }

  /** Gives back what it has taken: nothing of it is read any more. Works twice. */
  close(): void {
    if (!this.#spool) return
    this.#spool.close()
    this.#kept = []
    this.#next = 0
  }

  #keepArrived(): void {
    const chunks: Uint8Array[] = []
    for (let chunk = this.#body.readNow(); chunk; chunk = this.#body.readNow()) chunks.push(chunk)
    this.#kept = chunks.length > 1 ? [Buffer.concat(chunks)] : chunks
    this.#whole = true
    this.#length = this.#kept[0]?.byteLength ?? 0
  }

  async #arrive(): Promise<void> {
    try {
      const chunk = await this.#body.read()
      if (chunk) this.#keep(chunk)
      else this.#whole = true
    } finally {
      this.#arriving = undefined
    }
  }

  /** Keeps what is read for another try: no more than the door keeps for a reader. */
  #keep(chunk: Uint8Array): void {
    this.#kept.push(chunk)
    this.#keptSize += chunk.byteLength
    if (!this.#repeatable || this.#keptSize <= BODY_HIGH_WATER) return
    this.#repeatable = false
    this.#kept = this.#kept.slice(this.#next)
    this.#next = 0
  }
}

function tooLarge(most: number): PeerError {
  return new PeerError('BODY_TOO_LARGE', `a body of unknown length has more than ${most} bytes (maxSpool)`, 413)
}

/** What is sent of no body, however often. */
const NOTHING = new Upload(new RequestBody(0))

/** A body to be sent. */
export function uploadOf(body: RequestBody): Upload {
  return body.length === 0 ? NOTHING : new Upload(body)
}
