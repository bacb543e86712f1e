// What IIS says to an instance of a FastCGI application: one request at a time, many in a row.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { PeerError } from '../../sidecar/errors.ts'
import type { Variables } from '../../sidecar/variables.ts'
import type { ClientEvent } from '../../sidecar/wire/codec.ts'
import { FastcgiClient } from '../../sidecar/wire/fastcgi-client.ts'
import type { Head } from '../../sidecar/wire/head.ts'
import { StreamEnds } from './stream-ends.ts'

/** A request. */
export interface Asked {
  readonly variables: Variables
  /** Default: none. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined
  /** Of the body, where it is known. Default: that of `body`, where that is bytes. */
  readonly length?: number | undefined
  /** Takes the response as it comes, in place of `Answered.body`. A promise holds what follows back. */
  readonly onHead?: ((head: Head) => void) | undefined
  readonly onBody?: ((bytes: Uint8Array) => void | Promise<void>) | undefined
  /** The client has gone: FCGI_ABORT_REQUEST is sent, and what is left of the answer is read and thrown away. */
  readonly signal?: AbortSignal | undefined
}

/** A response. */
export interface Answered {
  readonly head: Head
  readonly body: Buffer
  readonly stderr: string
}

/** One end of the pipe, and whose turn it is. */
export class Conversation {
  readonly #pipe: Socket
  readonly #ends = new StreamEnds()
  #codec = new FastcgiClient()

  constructor(pipe: Socket) {
    this.#pipe = pipe
  }

  /**
   * Sends a request, gives the response when all of it is here.
   * @throws {Error} when the pipe ends before, or what comes is no FastCGI; the reason of `signal` once an aborted request is over.
   */
  async ask(asked: Asked): Promise<Answered> {
    const { variables, body, signal } = asked
    const length = asked.length ?? (body instanceof Uint8Array ? body.byteLength : body ? undefined : 0)
    const answer = this.#answer(asked)
    this.#write(this.#codec.request(variables, length))
    const abort = (): void => void this.#write(this.#codec.abort())
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, { once: true })
    try {
      // a source that fails is that of a client that has gone
      const sent = this.#send(body, answer.over, signal).catch((error: unknown) => {
        if (!signal?.aborted) throw error
      })
      const [answered] = await Promise.all([answer.whole, sent])
      return answered
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  #write(bytes: Uint8Array): boolean {
    return this.#pipe.destroyed || this.#pipe.write(bytes)
  }

  /** Sends a body as far as it is wanted: its source is left as it is then, not ended. */
  async #send(body: Asked['body'], over: AbortSignal, signal?: AbortSignal): Promise<void> {
    if (body) {
      const pieces = body instanceof Uint8Array ? piecesOf(body) : body[Symbol.asyncIterator]()
      const unwanted = once(over, 'abort').then(() => undefined)
      for (;;) {
        const next = await Promise.race([pieces.next(), unwanted])
        if (!next || over.aborted || signal?.aborted) return
        if (next.done) break
        const records = this.#codec.data(next.value)
        if (!records.map((record) => this.#write(record)).every(Boolean)) {
          await once(this.#pipe, 'drain', { signal: over }).catch(() => {})
        }
      }
    }
    if (over.aborted || signal?.aborted) return
    const end = this.#codec.finish()
    if (end) this.#write(end)
  }

  #answer({ onHead, onBody, signal }: Asked): { whole: Promise<Answered>; over: AbortSignal } {
    const over = new AbortController()
    const parts: Uint8Array[] = []
    const stderr: Uint8Array[] = []
    let head: Head | undefined
    const whole = new Promise<Answered>((resolve, reject) => {
      const stop = (): void => {
        this.#pipe.off('data', data).off('close', closed)
        over.abort()
      }
      const take = (event: ClientEvent): void => {
        if (event.type === 'head') {
          head = event.head
          onHead?.(head)
        } else if (event.type === 'stderr') stderr.push(event.bytes)
        else if (event.type === 'reply') this.#write(event.bytes)
        else if (event.type === 'body') {
          if (!onBody) return void parts.push(event.bytes)
          const held = onBody(event.bytes)
          if (!held) return
          this.#pipe.pause()
          void held.finally(() => this.#pipe.resume())
        } else if (event.type === 'end') {
          stop()
          // answered before all of the body was sent: what is left of it is skipped, and the next request goes the same way
          if (!event.reuse) this.#codec = new FastcgiClient()
          if (signal?.aborted) reject(signal.reason)
          else resolve({ head: head!, body: Buffer.concat(parts), stderr: Buffer.concat(stderr).toString() })
        }
      }
      const data = (bytes: Uint8Array): void => {
        try {
          for (const event of this.#codec.receive(this.#ends.without(bytes))) take(event)
        } catch (error) {
          stop()
          if (!signal?.aborted || !(error instanceof PeerError) || error.code !== 'RESPONSE_HEAD') return reject(error)
          // an aborted request may end without a response (FastCGI 1.0, 5.4), and the next one goes the same way
          this.#codec = new FastcgiClient()
          reject(signal.reason)
        }
      }
      const closed = (): void => {
        stop()
        reject(new Error('the pipe ended before the response'))
      }
      this.#pipe.on('data', data).on('close', closed)
      if (this.#pipe.destroyed) closed()
    })
    return { whole, over: over.signal }
  }
}

/** As much as IIS reads of a request body at once. */
const PIECE = 65_536

function* piecesOf(body: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < body.byteLength; at += PIECE) yield body.subarray(at, at + PIECE)
}
