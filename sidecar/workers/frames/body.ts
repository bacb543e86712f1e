// The body of one request on its way to a worker in Node.js. What has arrived goes with the request; of what has not, nothing is read before the
// app asks for it, as in the gateway's own process: the client may wait to be asked (RFC 9110 10.1.1).
import type { BodySource } from '../../connect/body-sender.ts'
import type { FrameOutput } from '../../frames/output.ts'
import { FRAME } from '../../wire/frames.ts'

/** Who is told of it. */
export interface BodyOwner {
  /** The app wants more of it, and the client is waited for; or no longer. */
  awaitsBody(is: boolean): void
  /** It will not be complete. */
  refuse(error: unknown): void
}

/** Sends one body. */
export class FramedBody {
  readonly #output: FrameOutput
  readonly #id: number
  readonly #owner: BodyOwner
  #source: BodySource | undefined
  #credit = 0
  #reading = false

  constructor(source: BodySource, id: number, output: FrameOutput, owner: BodyOwner) {
    this.#source = source
    this.#id = id
    this.#output = output
    this.#owner = owner
  }

  /** All of it is there: it is no more than waits for any reader. */
  sendArrived(): void {
    this.#credit = Infinity
    this.#pump()
  }

  /** The app takes so many bytes more. */
  allow(bytes: number): void {
    this.#credit += bytes
    this.#pump()
  }

  /** No more of it is sent. */
  stop(): void {
    this.#source = undefined
  }

  #pump(): void {
    while (this.#source && !this.#reading && this.#credit > 0) {
      const chunk = this.#source.readNow()
      if (chunk === undefined) return this.#wait(this.#source)
      this.#pass(chunk)
    }
  }

  #pass(chunk: Uint8Array | null): void {
    if (chunk) {
      this.#credit -= chunk.byteLength
      return this.#output.bytes(FRAME.body, this.#id, chunk)
    }
    this.#source = undefined
    this.#output.bare(FRAME.bodyEnd, this.#id)
  }

  #wait(source: BodySource): void {
    this.#reading = true
    this.#owner.awaitsBody(true)
    source.read().then(
      (chunk) => {
        this.#reading = false
        if (!this.#source) return
        this.#owner.awaitsBody(false)
        this.#pass(chunk)
        this.#pump()
      },
      (error: unknown) => {
        if (this.#source) this.#owner.refuse(error)
      },
    )
  }
}
