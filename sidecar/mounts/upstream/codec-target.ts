// A server that speaks a gateway protocol: a connection for each request (uwsgi, SCGI), or connections that are kept (FastCGI, AJP).
//
// A kept connection occupies a process of servers such as PHP-FPM. So when a request waits on a new connection, which may be in the
// server's queue for just such a process, a connection that nobody uses is closed for it.
import type { Exchange } from '../../exchange.ts'
import { copyVariables, type Variables } from '../../variables.ts'
import type { Protocol } from '../../wire/codec.ts'
import { Connection, type ConnectionOwner } from './connection.ts'
import { isIdempotent } from './failure.ts'
import { Passage } from './passage.ts'
import type { Target, TargetOptions, TargetPlace } from './target.ts'
import { Upload } from './upload.ts'

/** Protocols whose servers tell the end of a body by themselves; the others need CONTENT_LENGTH. PHP ignores a body without it. */
const FRAMED: ReadonlySet<string> = new Set(['ajp'])

/**
 * A server that closes a connection after a response, as PHP-FPM does after pm.max_requests, has done so within this time (milliseconds). A
 * request that cannot be sent twice goes on no connection that is younger: it would be lost now and then.
 */
const SETTLED = 50

/** A new connection without an answer for so long (milliseconds) may be in the server's queue. */
const QUEUED = 50

/** Sends exchanges to one endpoint. */
export class CodecTarget implements Target, ConnectionOwner {
  readonly name: string
  readonly #protocol: Protocol
  readonly #place: TargetPlace
  readonly #options: TargetOptions
  readonly #all = new Set<Connection>()
  /** Those without a request; the last one used is used first, so that the others may go. */
  #idle: Connection[] = []
  #closed = false
  #relief: NodeJS.Timeout | undefined

  constructor(protocol: Protocol, place: TargetPlace, options: TargetOptions) {
    this.name = place.name
    this.#protocol = protocol
    this.#place = place
    this.#options = options
  }

  async open(): Promise<void> {}

  async handle(exchange: Exchange, given?: Upload): Promise<void> {
    const upload = given ?? new Upload(exchange.body)
    try {
      if (upload.length === undefined && !FRAMED.has(this.#protocol.name)) await upload.spool(this.#options.spool)
      const once = !upload.staysRepeatable || !isIdempotent(exchange.variables.REQUEST_METHOD)
      // What the server has closed until now is seen by the end of this turn.
      if (once && this.#idle.length > 0) await new Promise((resolve) => setImmediate(resolve))
      if (exchange.aborted) return
      await this.#send(exchange, upload, once)
    } finally {
      if (!given) upload.close()
    }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#relief)
    this.#idle = []
    for (const connection of this.#all) connection.stop()
  }

  released(connection: Connection): void {
    const { keepAlive } = this.#options
    if (keepAlive === 0 || this.#closed) return connection.stop()
    connection.keep(keepAlive)
    this.#idle.push(connection)
    this.#relieveSoon()
  }

  closed(connection: Connection): void {
    this.#all.delete(connection)
    const index = this.#idle.indexOf(connection)
    if (index >= 0) this.#idle.splice(index, 1)
  }

  said(line: string, passage: Passage | undefined): void {
    const { log, mount } = this.#options
    log.warn(line, { mount, upstream: this.name, request: passage?.exchange.id, stream: 'stderr' })
  }

  #send(exchange: Exchange, upload: Upload, once: boolean): Promise<void> {
    const connection = (once ? this.#settledOne() : this.#idle.pop()) ?? this.#newOne()
    const passage = new Passage(exchange, this.name, this.#options.times, connection)
    try {
      connection.run(passage, upload, outgoing(exchange.variables, upload.length))
    } catch (error) {
      // The request does not fit into the protocol.
      connection.stop()
      throw error
    }
    return passage.settled
  }

  /** A kept connection for what cannot be sent twice; when none has stood the test of time, one makes room for a new one. */
  #settledOne(): Connection | undefined {
    const [oldest] = this.#idle
    if (!oldest) return undefined
    if (performance.now() - oldest.idleSince >= SETTLED) return this.#idle.shift()
    this.#idle.pop()!.stop()
    return undefined
  }

  #newOne(): Connection {
    const { endpoint } = this.#place
    const connection = new Connection(this.name, endpoint, this.#protocol.client(this.#options.protocol), this)
    this.#all.add(connection)
    return connection
  }

  #relieveSoon(): void {
    if (this.#relief !== undefined || !this.#hasUnanswered()) return
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
      this.#idle.shift()!.stop()
    }
    if (this.#idle.length > 0) this.#relieveSoon()
  }

  /** True when there is a new connection for which nothing was closed yet. */
  #hasUnanswered(): boolean {
    for (const { waiting, relieved } of this.#all) if (waiting && !relieved) return true
    return false
  }
}

// Fields that end at this hop (RFC 9110 7.6.1), or that would make a server look for a body that is not framed so; httpoxy.
const DROPPED = [
  'HTTP_CONNECTION',
  'HTTP_EXPECT',
  'HTTP_KEEP_ALIVE',
  'HTTP_PROXY',
  'HTTP_PROXY_AUTHORIZATION',
  'HTTP_PROXY_CONNECTION',
  'HTTP_TE',
  'HTTP_TRAILER',
  'HTTP_TRANSFER_ENCODING',
  'HTTP_UPGRADE',
]

/** The variables as they are sent: the host's, with the length that is true. */
function outgoing(variables: Variables, length: number | undefined): Variables {
  const sent = copyVariables(variables)
  for (const name of DROPPED) if (sent[name] !== undefined) delete sent[name]
  if (length === undefined) delete sent.CONTENT_LENGTH
  else if (length > 0 || (sent.CONTENT_LENGTH !== undefined && sent.CONTENT_LENGTH !== '')) {
    sent.CONTENT_LENGTH = String(length)
  }
  return sent
}
