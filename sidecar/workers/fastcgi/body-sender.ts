// A request body on its way to a worker: passed on as long as there is some and the worker takes it.
import type { Socket } from 'node:net'
import type { FastcgiClient } from '../../wire/fastcgi-client.ts'

/** Where the bytes come from: RequestBody, or what was taken of it. */
export interface BodySource {
  readonly length: number | undefined
  /** Bytes, null at the end, undefined when `read` would wait. */
  readNow(): Uint8Array | null | undefined
  read(): Promise<Uint8Array | null>
  /** Nothing more is read. */
  close?(): void
}

/** The body of one request. */
export class BodySender {
  readonly #body: BodySource
  readonly #socket: Socket
  readonly #codec: FastcgiClient
  readonly #failed: (error: unknown) => void
  /** A `read` is under way, or nothing is to come. */
  #still = false
  #stopped = false

  /** `failed`: the body broke; not called once this is stopped. */
  constructor(body: BodySource, socket: Socket, codec: FastcgiClient, failed: (error: unknown) => void) {
    this.#body = body
    this.#socket = socket
    this.#codec = codec
    this.#failed = failed
  }

  /** Goes on; to be called at the start, and when the socket has drained. */
  pump(): void {
    while (!this.#still && !this.#stopped) {
      const chunk = this.#body.readNow()
      if (chunk === undefined) return this.#wait()
      if (!this.#pass(chunk)) return
    }
  }

  /** No more of it is sent. */
  stop(): void {
    this.#stopped = true
    this.#body.close?.()
  }

  /** False when the socket has to drain first. */
  #pass(chunk: Uint8Array | null): boolean {
    if (chunk === null) {
      this.#still = true
      const end = this.#codec.finish()
      return end === undefined || this.#socket.write(end)
    }
    let room = true
    for (const piece of this.#codec.data(chunk)) room = this.#socket.write(piece)
    return room
  }

  #wait(): void {
    this.#still = true
    this.#body.read().then(
      (chunk) => {
        if (this.#stopped) return
        this.#still = false
        if (this.#pass(chunk)) this.pump()
      },
      (error: unknown) => {
        if (!this.#stopped) this.#failed(error)
      },
    )
  }
}
