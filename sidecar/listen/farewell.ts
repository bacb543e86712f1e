// How a connection ends. A peer that finds the door closed while it still writes may never read what it was told: so the end is sent, and
// what still comes is taken and thrown away, for a bounded time. That is no bound on bytes behind a request: who uploads something large
// and is refused gets to read why, whether it is a web server that writes all of an upload before it reads (Apache), or a plain client.
import type { Socket } from 'node:net'
import type { Entrance } from './door.ts'

/** No bytes. */
export const NOTHING: Uint8Array = new Uint8Array(0)

/**
 * How long a host may take to read what was sent of a response before the end that says it is not complete. Who finds both at once may never
 * look at the first (nginx), or take the second for the end of the response (lighttpd, by FastCGI over a Unix socket). Linux keeps for its reader
 * what came ahead of a reset; other systems forget it. No system tells here what the other end of a Unix socket has read. So the time is taken in
 * turns: each is longer where this process, or the machine that the host may share, is busy. 200 ms where they are not.
 */
const CUT_TURNS = 20
const TURN_MS = 10

/** The end of one connection. */
export class Farewell {
  readonly #socket: Socket
  readonly #entrance: Entrance
  #left = Infinity
  #until = 0
  #doom: NodeJS.Timeout | undefined

  constructor(socket: Socket, entrance: Entrance) {
    this.#socket = socket
    this.#entrance = entrance
  }

  /** It is going to be reset. */
  get doomed(): boolean {
    return this.#doom !== undefined
  }

  /** What comes from now on is thrown away, for a while. */
  skip(): void {
    const { trusted, allowance } = this.#entrance
    this.#until = performance.now() + (trusted ? allowance.lingerTrusted : allowance.lingerTotal)
  }

  /** That took too long. */
  get late(): boolean {
    return performance.now() > this.#until
  }

  /** Sends the end, behind `last`, and takes up to so many bytes of what still comes; the caller bounds the silence. */
  linger(bytes: number, last: Uint8Array = NOTHING): void {
    this.#left = bytes
    this.skip()
    this.#socket.end(last)
  }

  /** Of what still comes no more than so many bytes are taken: it means nothing. */
  bound(bytes: number): void {
    this.#left = Math.min(this.#left, bytes)
  }

  /** Bytes came. */
  take(size: number): void {
    this.#left -= size
    if (this.#left < 0 || this.late) this.#socket.destroy()
  }

  /**
   * Has `end` end the connection once the host has had a moment to read; what comes until then is thrown away. `shared`: others have their
   * responses on it, and finish them first.
   */
  doom(shared: boolean, end: () => void): void {
    if (!shared) this.skip()
    else if (this.#doom) return
    // Those that were to finish first may have been cut, too.
    clearTimeout(this.#doom)
    const { linger } = this.#entrance.allowance
    if (shared) this.#doom = setTimeout(end, linger)
    else this.#endAfter(CUT_TURNS, performance.now() + linger, end)
  }

  #endAfter(turns: number, latest: number, end: () => void): void {
    const next = (): void => (turns > 1 && performance.now() < latest ? this.#endAfter(turns - 1, latest, end) : end())
    this.#doom = setTimeout(next, TURN_MS)
  }

  /** Ends the connection so that the peer can tell the response is not complete, as far as its transport lets it: a Unix socket has no reset. */
  reset(): void {
    if (this.#socket.remoteAddress === undefined) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  /** It is closed. */
  over(): void {
    clearTimeout(this.#doom)
  }
}

/** Destroys a socket once everything is written: with all in the system's hands, destroy() closes at once and costs less than end(). */
export function closeWritten(socket: Socket): void {
  if (socket.writableLength === 0) socket.destroy()
  else socket.destroySoon()
}
