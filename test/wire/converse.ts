// Plays a host against a server codec: feeds bytes, answers the requests that are complete, and writes down what came out.
import type { PeerError } from '../../sidecar/errors.ts'
import type { ServerCodec, ServerEvent } from '../../sidecar/wire/codec.ts'
import type { Head } from '../../sidecar/wire/head.ts'
import type { Variables } from '../../sidecar/variables.ts'
import { whole, type Cut } from './splits.ts'

/** What a server codec said about one request. */
export interface Heard {
  id: number
  variables: Variables
  length: number | undefined
  /** Copies of the pieces. */
  body: Buffer[]
  ended: boolean
  aborted: boolean
  /** Why it cannot be handed on. */
  failure: PeerError | undefined
}

export const OK: Head = { status: 200, reason: 'OK', headers: [['Content-Type', 'text/plain']] }

/** A server codec and what it has said so far. */
export class Conversation {
  readonly codec: ServerCodec
  readonly heard: Heard[] = []
  readonly replies: Buffer[] = []
  closed = false

  constructor(codec: ServerCodec) {
    this.codec = codec
  }

  feed(bytes: Uint8Array, cut: Cut): void {
    for (const piece of cut(bytes)) {
      // In a buffer that is wiped afterwards, so that what was kept of it and not copied shows.
      const own = Buffer.from(piece)
      for (const event of this.codec.receive(own)) this.#note(event)
      own.fill(0x55)
    }
  }

  /** Answers what is complete; gives the bytes. */
  answer(body?: Uint8Array): Buffer[] {
    return this.heard
      .filter(({ ended, aborted }) => ended && !aborted)
      .map(({ id }) => Buffer.from(this.codec.start(id, OK, body, true)))
  }

  /** Answers, and reads what waited for the answer, until nothing does. */
  goOn(): void {
    this.answer()
    while (this.codec.pending) {
      this.feed(Buffer.alloc(0), whole)
      this.answer()
    }
  }

  #note(event: ServerEvent): void {
    if (event.type === 'reply') {
      this.replies.push(Buffer.from(event.bytes))
      this.closed ||= event.close === true
      return
    }
    if (event.type === 'request') {
      const { id, variables, length, failure } = event
      this.heard.push({ id, variables, length, body: [], ended: false, aborted: false, failure })
      return
    }
    const request = this.heard.findLast(({ id }) => id === event.id)!
    if (event.type === 'body') request.body.push(Buffer.from(event.bytes))
    else if (event.type === 'end') {
      if (request.ended) throw new Error('two ends')
      request.ended = true
    } else request.aborted = true
  }
}
