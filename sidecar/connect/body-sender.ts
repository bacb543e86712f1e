// A request body on its way to a server or a worker: passed on as long as there is some and the other side takes it.
import type { Duplex } from 'node:stream'
import type { Exchange } from '../exchange.ts'
import type { ClientCodec } from '../wire/codec.ts'

/** Where the bytes come from: RequestBody, or what was taken of it. */
export interface BodySource {
  /** Undefined: only the end tells. */
  readonly length: number | undefined
  /** Bytes, null at the end, undefined when `read` would wait. */
  readNow(): Uint8Array | null | undefined
  read(): Promise<Uint8Array | null>
}

/** What it is sent to. */
export interface OutStream extends Duplex {
  /** True when a write failed, and what the server sent is still to be read. */
  readonly refused?: boolean
}

/** What a body waits for: its next bytes from the `client`, room at the `server`, or, when all of it is sent, the `answer`. */
export type Awaited = 'client' | 'server' | 'answer'

/** Whose body it is. */
export interface SenderOwner {
  /** Nobody wants the rest any more. */
  readonly over: boolean
  waits(awaited: Awaited): void
  /** The body broke. Not called when another one was begun, or it was stopped. */
  broken(error: unknown): void
}

/** Sends one body after the other. */
export class BodySender {
  readonly #socket: OutStream
  readonly #codec: ClientCodec
  readonly #owner: SenderOwner
  #body: BodySource | undefined
  #reading = false
  #held = false

  constructor(socket: OutStream, codec: ClientCodec, owner: SenderOwner) {
    this.#socket = socket
    this.#codec = codec
    this.#owner = owner
  }

  /** The body that is not all sent. */
  get body(): BodySource | undefined {
    return this.#body
  }

  /** True while it waits for the client. */
  get reading(): boolean {
    return this.#reading
  }

  /** The request of this body was sent. `pump` begins. */
  begin(body: BodySource): void {
    this.#body = body
    this.#reading = false
  }

  /** Goes on; to be called at the start, when the socket has drained, and when the codec has given bytes that the server asked for. */
  pump(): void {
    if (this.#held) return
    while (this.#body && !this.#reading && !this.#socket.destroyed) {
      if (this.#owner.over) return this.stop()
      const { writableNeedDrain, refused = false } = this.#socket
      // The server has to ask for what is held.
      if (this.#codec.held > 0 || writableNeedDrain || refused) return this.#owner.waits('server')
      const chunk = this.#body.readNow()
      if (chunk === undefined) return this.#wait(this.#body)
      this.#pass(chunk)
    }
  }

  /** None of it is read until `release`: a client may wait to be asked (RFC 9110 10.1.1). */
  hold(): void {
    this.#held = true
  }

  /** The other side wants it. */
  release(): void {
    if (!this.#held) return
    this.#held = false
    this.pump()
  }

  /** No more of it is sent. */
  stop(): void {
    this.#body = undefined
  }

  #pass(chunk: Uint8Array | null): void {
    if (chunk) {
      for (const piece of this.#codec.data(chunk)) this.#socket.write(piece)
      return
    }
    this.#body = undefined
    const end = this.#codec.finish()
    if (end) this.#socket.write(end)
    this.#owner.waits('answer')
  }

  #wait(body: BodySource): void {
    this.#reading = true
    this.#owner.waits('client')
    body.read().then(
      (chunk) => {
        if (this.#body !== body) return
        this.#reading = false
        if (this.#owner.over || this.#socket.destroyed) return
        this.#pass(chunk)
        this.pump()
      },
      (error: unknown) => {
        if (this.#body === body) this.#owner.broken(error)
      },
    )
  }
}

/**
 * Sends a request with what there is of its body.
 * @param held as of BodySender.hold
 * @returns who sends the rest; undefined when it has no body
 */
export function sendRequest(
  socket: OutStream,
  codec: ClientCodec,
  head: Uint8Array,
  body: BodySource,
  owner: SenderOwner,
  held = false,
): BodySender | undefined {
  if (body.length === 0) {
    socket.write(head)
    return undefined
  }
  socket.cork()
  socket.write(head)
  const sender = new BodySender(socket, codec, owner)
  sender.begin(body)
  if (held) sender.hold()
  sender.pump()
  socket.uncork()
  return sender
}

/** Whether a client waits until its body is wanted: an app that turns it away spares it the sending. */
export function waitsToBeAsked({ variables, body, upload }: Exchange): boolean {
  return !upload && !body.complete && variables.HTTP_EXPECT?.toLowerCase() === '100-continue'
}
