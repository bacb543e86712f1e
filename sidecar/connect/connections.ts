// The connections to one server: one for each request, or kept for the next.
//
// A kept connection occupies a process of servers such as PHP-FPM. So when a request waits on a new connection, which may be in the
// server's queue for just such a process, a connection that nobody uses is closed for it.
import { LinkedList } from '../linked-list.ts'
import type { ClientCodec } from '../wire/codec.ts'
import type { Connection, Keeper } from './connection.ts'
import { Passage } from './passage.ts'
import type { Times } from './backend.ts'
import { isIdempotent } from './failure.ts'
import type { Exchange } from '../exchange.ts'
import type { Upload } from '../upload.ts'

/** What connections are kept by. */
export interface KeepRules<C extends ClientCodec> {
  /** The server, for messages. */
  readonly name: string
  readonly times: Times
  /** Begins to connect. */
  readonly make: (owner: Keeper<C>) => Connection<C>
  /** How long a connection without a request is kept, in milliseconds; 0: not at all. */
  readonly keepAlive: number
  /** The protocol has a word for that a connection will be closed behind a response (HTTP). */
  readonly announced: boolean
  /** A line that the server wrote for the log. */
  readonly said: (line: string, passage: Passage | undefined) => void
  /** The server has sent a body behind a response that has none; once. */
  readonly untidy?: () => void
  /** A response has ended with such an exit code; not there where the protocol has none. */
  readonly exited?: (exit: number, passage: Passage) => void
}

/**
 * A server that closes a connection after a response without a word, as PHP-FPM does after pm.max_requests, has done so within this time
 * (milliseconds). A request that cannot be sent twice goes on no connection that is younger: it would be lost now and then.
 */
const SETTLED = 50

/** A new connection without an answer for so long (milliseconds) may be in the server's queue. */
const QUEUED = 50

/** Keeps connections. */
export class Connections<C extends ClientCodec> implements Keeper<C> {
  readonly #rules: KeepRules<C>
  readonly #all = new LinkedList<Connection<C>>()
  /** Those without a request; the last one used is used first, so that the others may go. */
  #idle: Connection<C>[] = []
  /** New ones without an answer, for which nothing was closed yet. */
  #unheard = 0
  #closed = false
  /** As of Keeper. A body that comes behind a response could be read as the answer to the next request: once seen, none waits for it. */
  tidy = true
  #relief: NodeJS.Timeout | undefined

  constructor(rules: KeepRules<C>) {
    this.#rules = rules
  }

  /**
   * Sends an exchange by one of them, and its answer back. Resolves when it is answered or its client gone.
   * @param write gives the head
   * @throws {SidegateError} what went wrong; at once, or by the promise, what `write` throws
   */
  send(exchange: Exchange, upload: Upload, write: (codec: C) => Uint8Array): Promise<void> {
    if (exchange.aborted) return Promise.resolve()
    const once = !upload.staysRepeatable || !isIdempotent(exchange.variables.REQUEST_METHOD)
    if (once && this.#idle.length > 0) return this.#sendOnce(exchange, upload, write)
    return this.#send(exchange, upload, write, once)
  }

  /** What the server has closed until now is seen by the end of this turn. */
  async #sendOnce(exchange: Exchange, upload: Upload, write: (codec: C) => Uint8Array): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    if (!exchange.aborted) await this.#send(exchange, upload, write, true)
  }

  #send(exchange: Exchange, upload: Upload, write: (codec: C) => Uint8Array, once: boolean): Promise<void> {
    const connection = this.#take(once)
    const passage = new Passage(exchange, this.#rules.name, this.#rules.times, connection)
    connection.run(passage, upload, write)
    return passage.settled
  }

  /** A connection for a request. `once`: it cannot be sent twice. */
  #take(once: boolean): Connection<C> {
    const kept = once && !this.#rules.announced ? this.#settledOne() : this.#idle.pop()
    if (kept) return kept
    const connection = this.#rules.make(this)
    connection.entry = this.#all.add(connection)
    this.#unheard++
    return connection
  }

  /** Closes all. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#relief)
    this.#idle = []
    for (const connection of this.#all) connection.stop()
  }

  released(connection: Connection<C>): void {
    const { keepAlive } = this.#rules
    if (keepAlive === 0 || this.#closed) return connection.stop()
    connection.keep(keepAlive)
    this.#idle.push(connection)
    this.#relieveSoon()
  }

  heard({ relieved }: Connection<C>): void {
    if (!relieved) this.#unheard--
  }

  untidy(): void {
    if (!this.tidy) return
    this.tidy = false
    this.#rules.untidy?.()
  }

  closed(connection: Connection<C>): void {
    if (connection.waiting && !connection.relieved) this.#unheard--
    if (connection.entry) this.#all.remove(connection.entry)
    const index = this.#idle.indexOf(connection)
    if (index >= 0) this.#idle.splice(index, 1)
  }

  said(line: string, passage: Passage | undefined): void {
    this.#rules.said(line, passage)
  }

  exited(exit: number, passage: Passage): void {
    this.#rules.exited?.(exit, passage)
  }

  /** A kept connection for what cannot be sent twice; when none has stood the test of time, one makes room for a new one. */
  #settledOne(): Connection<C> | undefined {
    const [oldest] = this.#idle
    if (!oldest) return undefined
    if (performance.now() - oldest.idleSince >= SETTLED) return this.#idle.shift()
    this.#idle.pop()!.stop()
    return undefined
  }

  #relieveSoon(): void {
    if (this.#relief !== undefined || this.#unheard === 0) return
    this.#relief = setTimeout(() => this.#relieve(), QUEUED)
  }

  /** Closes one idle connection for each new one that may be queued. */
  #relieve(): void {
    this.#relief = undefined
    const now = performance.now()
    for (const connection of this.#all) {
      if (this.#idle.length === 0) return
      if (!connection.waiting || connection.relieved || now - connection.madeAt < QUEUED - 1) continue
      connection.relieved = true
      this.#unheard--
      this.#idle.shift()!.stop()
    }
    if (this.#idle.length > 0) this.#relieveSoon()
  }
}
