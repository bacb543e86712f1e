// One response that a client wants compressed, as far as it is one that can be. What comes in one piece and is small is compressed at once: that takes
// less time than to ask another thread, and its length is known then.
import type { Exchange } from '../../exchange.ts'
import type { Layer } from '../../layer.ts'
import type { Head } from '../../wire/head.ts'
import { fieldOf, withField, withVary } from '../response-fields.ts'
import { compressNow, encoder, FLUSH, type Levels } from './encoders.ts'
import type { Coding } from './negotiate.ts'
import { encodedHead, isCompressible, isEventStream, notModifiedHead, type Rules } from './rules.ts'
import { CompressedStream } from './stream.ts'

/** What the responses of one layer share. */
export interface Workshop extends Rules {
  readonly levels: Levels
  /** Streams that may be compressed at the same time. */
  readonly most: number
  /** Those that are. */
  streams: number
}

/** Up to this size a response is compressed in this thread: a tenth of a millisecond. */
const AT_ONCE_MAX = 16 * 1024

/** A response for a client that wants no coding: it says that others might get one. */
export function plain(rules: Rules): Layer {
  return {
    head: (head, { variables }) =>
      head.status === 304
        ? notModifiedHead(head, variables, rules)
        : isCompressible(head, variables, rules)
          ? withVary(head, 'Accept-Encoding')
          : head,
  }
}

/** A response for a client that wants one. */
export class Compressed implements Layer {
  readonly #coding: Coding
  readonly #shop: Workshop
  /** The head that waits for a body in one piece. */
  #waiting: Head | undefined
  #stream: CompressedStream | undefined
  #small = false

  constructor(coding: Coding, shop: Workshop) {
    this.#coding = coding
    this.#shop = shop
  }

  head(head: Head, outer: Exchange): Head | undefined {
    this.over()
    const { variables } = outer
    if (head.status === 304) return notModifiedHead(head, variables, this.#shop)
    if (!isCompressible(head, variables, this.#shop)) return head
    const varied = withVary(head, 'Accept-Encoding')
    if (variables.REQUEST_METHOD === 'HEAD') return encodedHead(varied, this.#coding)
    this.#small = isEventStream(head)
    const length = fieldOf(head, 'content-length')
    if (length !== undefined && Number(length) <= AT_ONCE_MAX) {
      this.#waiting = varied
      return undefined
    }
    return this.#begin(varied, outer)
  }

  body(bytes: Uint8Array | undefined, last: boolean, outer: Exchange): boolean {
    const waiting = this.#waiting
    if (waiting) {
      this.#waiting = undefined
      if (last) return this.#atOnce(waiting, bytes ?? new Uint8Array(), outer)
      outer.respond(this.#begin(waiting, outer))
    }
    if (this.#stream) return this.#stream.write(bytes, last)
    if (!last) return bytes === undefined || outer.write(bytes)
    outer.end(bytes)
    return true
  }

  over(inner?: Exchange): void {
    if (inner?.state === 'ended') return
    this.#stream?.stop()
    this.#stream = this.#waiting = undefined
  }

  /** The head of a body that comes in pieces; as it is when there are too many of them. */
  #begin(head: Head, outer: Exchange): Head {
    const shop = this.#shop
    if (shop.streams >= shop.most) return head
    shop.streams++
    const coding = this.#coding
    const made = encoder(coding, shop.levels, this.#small)
    this.#stream = new CompressedStream(made, FLUSH[coding], outer, () => shop.streams--)
    return encodedHead(head, coding)
  }

  #atOnce(head: Head, bytes: Uint8Array, outer: Exchange): true {
    const compressed = compressNow(this.#coding, bytes, this.#shop.levels)
    const shorter = compressed.byteLength < bytes.byteLength
    const sent = shorter ? compressed : bytes
    const encoded = shorter ? encodedHead(head, this.#coding) : head
    outer.respond(withField(encoded, 'Content-Length', String(sent.byteLength)))
    outer.end(sent)
    return true
  }
}
