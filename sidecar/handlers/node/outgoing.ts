// What ServerResponse writes, as respond, write and end of the exchange.
import type { ServerResponse } from 'node:http'
import { AppError } from '../../errors.ts'
import type { Handled } from '../handled.ts'
import { Dechunker } from './dechunk.ts'
import { asksToClose, isInterim, readWrittenHead } from './response-head.ts'

const UTF8 = /^utf-?8$/i

/** What is written: text of the head, and of the body, or bytes of the body. */
export type Written = Buffer | string

/** The socket that the response writes to. */
export interface ResponseSocket {
  readonly _httpMessage:
    | (Pick<ServerResponse, 'chunkedEncoding' | 'writableEnded'> & { _header?: string | null })
    | null
  readonly writableLength: number
  /** The exchange is over, by an error of the response. */
  broken(): void
}

/** One response under way. */
export class Outgoing {
  /** The exchange has been answered, failed or aborted: nothing more goes to it. */
  over = false
  /** Set while the client is slow. */
  drain: Promise<void> | undefined
  readonly #exchange: Handled
  readonly #socket: ResponseSocket
  #head = false
  // The head has been given, and the first bytes of the body wait for the end of this tick: the response may be complete by then.
  #settling = false
  #held: Written | undefined
  #dechunker: Dechunker | undefined

  constructor(exchange: Handled, socket: ResponseSocket) {
    this.#exchange = exchange
    this.#socket = socket
  }

  /** True when the app has ended its response and all of it was taken. */
  get complete(): boolean {
    return this.#head && this.#socket._httpMessage?.writableEnded === true && this.#socket.writableLength === 0
  }

  /** Takes a piece. Errors of the exchange fail it. */
  take(piece: Written, encoding: BufferEncoding): void {
    try {
      this.#take(piece, encoding)
    } catch (error) {
      this.fail(error)
    }
  }

  /** Completes the response. */
  end(): void {
    if (this.over) return
    this.over = true
    const held = this.#held
    this.#held = undefined
    try {
      this.#exchange.end(held)
    } catch (error) {
      this.#exchange.fail(error)
    }
  }

  fail(error: unknown): void {
    if (this.over) return
    this.over = true
    this.#exchange.fail(error)
    this.#socket.broken()
  }

  /** Sends what waits: with the end of the response when the app has ended it meanwhile, else alone. */
  settle(): void {
    if (!this.#settling || this.over) return
    if (this.complete) return this.end()
    this.#settling = false
    const held = this.#held
    this.#held = undefined
    try {
      if (held === undefined) this.#exchange.flush()
      else this.#write(held)
    } catch (error) {
      this.fail(error)
    }
  }

  #take(piece: Written, encoding: BufferEncoding): void {
    if (this.over) return
    if (!this.#head) return this.#takeHead(piece, encoding)
    if (piece.length === 0) return
    if (this.#dechunker) {
      const framed = typeof piece === 'string' ? Buffer.from(piece, encoding) : piece
      for (const payload of this.#dechunker.push(framed)) this.#body(payload)
    } else this.#body(typeof piece === 'string' && !UTF8.test(encoding) ? Buffer.from(piece, encoding) : piece)
  }

  #takeHead(text: Written, encoding: BufferEncoding): void {
    const end = typeof text === 'string' && text.startsWith('HTTP/1.1 ') ? text.indexOf('\r\n\r\n') : -1
    if (end < 0) {
      throw new AppError('NODE_RAW_SOCKET', 'the app wrote to the socket itself, which is no connection to a client')
    }
    if (isInterim(text as string) && !this.#isFinal(text as string)) {
      this.#exchange.interim?.(readWrittenHead(text as string, end))
      return
    }
    this.#exchange.respond(readWrittenHead(text as string, end))
    if (asksToClose(text as string, end)) this.#exchange.closeAfter?.()
    this.#head = true
    if (this.#socket._httpMessage?.chunkedEncoding) this.#dechunker = new Dechunker()
    this.#settling = true
    process.nextTick(settle, this)
    if (text.length > end + 4) this.#take(text.slice(end + 4), encoding)
  }

  /** True for the head of the response itself, whatever its status: what writeEarlyHints and its kind write is none. */
  #isFinal(text: string): boolean {
    const header = this.#socket._httpMessage?._header
    return typeof header === 'string' && text.startsWith(header)
  }

  #body(bytes: Written): void {
    if (this.#settling && this.#held === undefined) this.#held = bytes
    else {
      if (this.#settling) this.settle()
      if (!this.over) this.#write(bytes)
    }
  }

  #write(bytes: Written): void {
    if (this.#exchange.write(bytes) || this.drain) return
    const settled = (): void => {
      this.drain = undefined
    }
    this.drain = this.#exchange.drained().then(settled, settled)
  }
}

function settle(outgoing: Outgoing): void {
  outgoing.settle()
}
