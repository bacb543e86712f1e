// One request in flight: the single joint between the doors (listen/) and the mounts. A door makes it, the router puts a mount
// on it, the mount answers through respond, write and end. All rules about when a head may leave, what has a body and how long
// it is stand here, once for every protocol.
import type { Duplex } from 'node:stream'
import type { RequestBody } from './body.ts'
import type { Carrier, Door } from './carrier.ts'
import { AppError, errorResponse, PeerError, toSidegateError, type SidegateError } from './errors.ts'
import type { Entry } from './linked-list.ts'
import { loggedRequest, nextId, type LoggedRequest } from './logged-request.ts'
import type { Handler, Observer } from './observer.ts'
import {
  connectionBroke,
  demandUpgrade,
  isWebSocket,
  upgradeAsked,
  upgradeHead,
  type GivenConnection,
  type TunnelEnd,
} from './upgrade.ts'
import type { Upload } from './upload.ts'
import type { Variables } from './variables.ts'
import { Watchers } from './watchers.ts'
import { announcedLength, interimHead, INTERIMS_MAX, isBodiless, isFinal, sendable, type Head } from './wire/head.ts'

/** Bytes of a body: strings are sent as UTF-8. */
export type Chunk = Uint8Array | string

/**
 * `open`: no head yet; `held`: head known but not sent; `sent`: head sent; `upgraded`: the mount has the connection; `ended`: complete;
 * `aborted`: client gone or cut.
 */
export type ExchangeState = 'open' | 'held' | 'sent' | 'upgraded' | 'ended' | 'aborted'

/** Who wants to know how an exchange went: the gateway. */
export type ExchangeObserver = Observer<Exchange>

/** One request and its response. */
export class Exchange {
  /** The request as CGI variables (RFC 3875 4.1), latin-1 strings. The router may put a copy with another SCRIPT_NAME here. */
  variables: Variables
  readonly body: RequestBody
  /** The body when its mount took all of it first: to be read in its place. */
  upload: Upload | undefined
  readonly door: Door
  /**
   * HTTP and AJP: name, value, name, value … of the header as the client wrote it, for how names are spelled and which came more than once.
   * What counts of a request is in `variables`: fields that are here and not there were left out, and values may have been put right.
   */
  fields: readonly string[] | undefined
  /** The request as logs name it; a layer that knows more of it puts that here. */
  logged: LoggedRequest
  /** The mount that handles it. */
  mount: Handler<Exchange> | undefined
  /** The process that it was given to, or waits for ahead of its turn; the worker's, if any. */
  pid: number | undefined = undefined
  /** Its id, once somebody has asked for it; a worker is told it. */
  name = ''
  /** How often the request was handled anew as another one before. */
  hops = 0
  /** The exchange that this one answers through, when a layer stands between (layer.ts). */
  readonly outer: Exchange | undefined
  /** The exchange that answers through this one. */
  inner: Exchange | undefined
  /** Its place among those in flight; the mount's. */
  entry: Entry<Exchange> | undefined
  /** When the head had arrived, as `performance.now()`. */
  readonly started: number = performance.now()
  state: ExchangeState = 'open'
  /** The status sent, 0 before. */
  status = 0
  /** Body bytes sent. */
  sent = 0
  /** The first error of this exchange. */
  error: SidegateError | undefined
  /** What `upgrade` gave. */
  taken: GivenConnection | undefined = undefined
  /** Who is told how it goes. */
  readonly observer: ExchangeObserver
  readonly #carrier: Carrier
  #head: Head | undefined
  #headRequest: boolean
  #bodiless = false
  #announced = -1
  #interims = 0
  #abortReason: SidegateError | undefined
  #watching: Watchers | undefined
  #retired = false

  constructor(
    carrier: Carrier,
    observer: ExchangeObserver,
    door: Door,
    variables: Variables,
    body: RequestBody,
    outer?: Exchange,
  ) {
    this.#carrier = carrier
    this.observer = observer
    this.door = door
    this.variables = variables
    this.body = body
    this.outer = outer
    this.logged = outer?.variables === variables ? outer.logged : loggedRequest(variables)
    this.#headRequest = variables.REQUEST_METHOD === 'HEAD'
  }

  /** Names this request in logs and error pages; unique per process. */
  get id(): string {
    return this.outer ? this.outer.id : (this.name ||= nextId())
  }

  /** True when the client is gone or the response was cut: nothing more can be sent. */
  get aborted(): boolean {
    return this.state === 'aborted'
  }

  /** True once its observer was told that it is done. */
  get over(): boolean {
    return this.state === 'ended' || this.state === 'aborted'
  }

  /** Fires when the client goes away before the response is complete. Its reason is an AbortError, whose cause tells more. */
  get signal(): AbortSignal {
    return this.#watchers.signal(this.#abortReason)
  }

  /** Calls `listener` when the exchange is aborted; at once when it is already. */
  onAbort(listener: () => void): void {
    if (this.state === 'aborted') listener()
    else this.#watchers.add(listener)
  }

  /** True when a head was given and can no longer be replaced. */
  get headSent(): boolean {
    return this.state === 'sent' || this.state === 'upgraded' || this.state === 'ended'
  }

  /** True when the response has no body whatever the app says: HEAD, 204, 304. */
  get bodiless(): boolean {
    return this.#bodiless
  }

  /** Body bytes that are still to come by the head's Content-Length; -1: it has none, or there is no body whatever it says. */
  get missing(): number {
    return this.#announced < 0 || this.#bodiless ? -1 : this.#announced - this.sent
  }

  /**
   * Gives the head. It leaves with the first non-empty `write`, with `flush`, or at the end; until then it may be replaced. Fields that
   * belong to one connection are left out of it (`sendable`).
   * @throws {AppError} STATUS_LINE, HEADER_NAME, HEADER_VALUE, CONTENT_LENGTH when it may not be sent; HEAD_SENT when it is late.
   */
  respond(head: Head): void {
    if (this.state === 'aborted') throw this.#gone()
    if (this.headSent) throw new AppError('HEAD_SENT', 'the response head has been sent already')
    // RFC 9110 15.2: a client would go on waiting for the final one.
    if (!isFinal(head.status))
      throw new AppError('STATUS_LINE', `status ${head.status} is no final status, a whole number from 200 to 999`)
    const announced = announcedLength(head)
    if (announced === undefined) {
      const { head: sent, hops } = sendable(head)
      this.#announced = announcedLength(sent) ?? -1
      this.#head = sent
      if (hops.length > 0) this.observer.leftOut?.(this, hops)
    } else {
      this.#announced = announced
      this.#head = head
    }
    this.#bodiless = this.#headRequest || isBodiless(head.status)
    this.state = 'held'
  }

  /**
   * Sends an interim response ahead of the head: status 100 to 199 without 101, such as 103 Early Hints (RFC 8297). Content-Length is
   * left out of it (RFC 9110 8.6), and what belongs to one connection.
   * @returns false where it is not sent: the protocol of the door has none (HTTP/1.1 alone has), the head is gone already, or 32 were sent
   *   for this request. An interim response is never needed (RFC 9110 15.2): nobody has to look at that.
   * @throws {AppError} STATUS_LINE, HEADER_NAME, HEADER_VALUE when it may not be sent.
   */
  interim(head: Head): boolean {
    const sent = interimHead(head)
    if (this.aborted || this.headSent || ++this.#interims > INTERIMS_MAX) return false
    return this.#carrier.interim?.(sent) ?? false
  }

  /**
   * The app asks for the end of the connection after this response (`Connection: close`): HTTP does so, and says so in a head that is
   * still to be sent. In the gateway protocols a connection is the host's, and no app closes it.
   */
  closeAfter(): void {
    if (!this.over) this.#carrier.retire?.()
  }

  /** Sends the head now, before there is any body. */
  flush(): boolean {
    if (this.state === 'aborted') throw this.#gone()
    return this.state === 'held' ? this.#start(undefined, false) : true
  }

  /**
   * Sends body bytes (dropped for HEAD, 204, 304). What goes beyond Content-Length is not sent, and is an error of the app.
   * @returns false when the client is slow: wait for `drained` before the next.
   * @throws {PeerError} CLIENT_GONE after an abort.
   * @throws {AppError} NO_HEAD before `respond`; BODY_TOO_LONG.
   */
  write(chunk: Chunk): boolean {
    if (this.state === 'aborted') throw this.#gone()
    if (this.state === 'open') throw new AppError('NO_HEAD', 'the app wrote a body before it gave a status and headers')
    if (this.state === 'ended') throw new AppError('BODY_TOO_LONG', 'the app wrote after the end of its response')
    if (this.state === 'upgraded')
      throw new AppError('BODY_TOO_LONG', 'the app wrote a body after it took over the connection')
    if (chunk.length === 0) return true
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    if (this.#bodiless) return this.state === 'held' ? this.#start(undefined, false) : true
    const { missing } = this
    if (missing >= 0 && bytes.byteLength > missing) {
      if (missing > 0) this.#send(bytes.subarray(0, missing))
      throw new AppError('BODY_TOO_LONG', `the app sent more than its Content-Length of ${this.#announced}`)
    }
    return this.#send(bytes)
  }

  /**
   * Completes the response, with last bytes when there are any. A response given in one piece gets its Content-Length here.
   * Fewer bytes than Content-Length: the response is cut, so that the client does not take it for complete.
   */
  end(chunk?: Chunk): void {
    if (this.over || (this.state === 'upgraded' && !chunk?.length)) return
    if (this.state === 'open') throw new AppError('NO_HEAD', 'the app returned without giving a status and headers')
    if (this.state === 'held') return this.#endHeld(chunk)
    if (chunk !== undefined && chunk.length > 0) this.write(chunk)
    if (this.missing > 0) return this.#tooShort()
    this.state = 'ended'
    this.#carrier.finish()
    this.#over()
  }

  /**
   * True when `upgrade` may be called: the request asks for another protocol (WebSocket or any other), no head was sent, and the
   * protocol of the door can carry it: HTTP/1.1, uwsgi and SCGI can; FastCGI, AJP and CGI cannot.
   */
  get upgradable(): boolean {
    return this.#carrier.upgrade !== undefined && this.upgradeAsked !== undefined && !this.headSent && !this.aborted
  }

  /** The protocol that the request asks to change to, such as `websocket`; undefined for an ordinary request. */
  get upgradeAsked(): string | undefined {
    return upgradeAsked(this.variables, this.body.length)
  }

  /**
   * Takes over the connection: sends `head`, whose status is 101 (`Connection: Upgrade` comes by itself, `Upgrade` too when it is not
   * in it), and gives what comes after it, raw both ways. Reading begins with what came behind the request. The exchange lasts until
   * this stream is closed: by both its ends, by `destroy()`, by the client, or with the gateway (`retire`). A loss of the connection is
   * an `error` event, then `close`; nobody has to listen. `error.code` may be ECONNRESET, EPIPE, or SEND_TIMEOUT when the client took
   * nothing for as long as of any response. Silence has no limit.
   * For a mount that passes it on: `pipeline(tunnel, upstream, tunnel, () => {})` from `node:stream`.
   * @throws {PeerError} UPGRADE_NOT_ASKED (400), UPGRADE_UNSUPPORTED (501), CLIENT_GONE.
   * @throws {AppError} UPGRADE_HEAD, HEADER_NAME, HEADER_VALUE, HEAD_SENT.
   */
  upgrade(head: Head): Duplex {
    if (this.state === 'aborted') throw this.#gone()
    if (this.headSent) throw new AppError('HEAD_SENT', 'the response head has been sent already')
    this.demandUpgradable()
    const sent = upgradeHead(head, this.upgradeAsked!)
    this.taken = this.#carrier.upgrade!(sent, (end) => this.#tunnelOver(end))
    this.state = 'upgraded'
    this.status = 101
    if (this.#retired) this.retire()
    return this.taken
  }

  /**
   * Gateway: it stops, and waits for the response. A connection that was, or will be, taken over has no response to wait for: a WebSocket
   * is told to close, others are closed when they are silent.
   */
  retire(): void {
    if (this.outer) return this.outer.retire()
    this.#retired = true
    this.taken?.retire?.(isWebSocket(this.variables))
  }

  /** @throws what `upgrade` would throw for this request, whatever the head: UPGRADE_NOT_ASKED, UPGRADE_UNSUPPORTED. */
  demandUpgradable(): void {
    demandUpgrade(this.upgradeAsked, this.#carrier.upgrade !== undefined, this.variables, this.door)
  }

  /** Waits until the client has taken enough of the output. Rejects with PeerError CLIENT_GONE after an abort. */
  drained(): Promise<void> {
    return this.state === 'aborted' ? Promise.reject(this.#gone()) : this.#watchers.drain()
  }

  /** `write`, then waits when it has to. */
  async send(chunk: Chunk): Promise<void> {
    if (!this.write(chunk)) await this.drained()
  }

  /** Ends the exchange with an error: as a response when nothing was sent yet, else by cutting the one under way. */
  fail(thrown: unknown): void {
    const error = toSidegateError(thrown)
    if (this.state === 'ended' || this.state === 'aborted') {
      const known = error === this.error || error === this.#abortReason
      if (!known && !this.#watching?.caused(thrown)) this.observer.failed(this, error)
      return
    }
    this.error ??= error
    this.observer.failed(this, error)
    // A layer that was told has another answer.
    if (this.over) return
    if (this.state === 'upgraded') return void this.taken!.destroy()
    if (this.state === 'sent') {
      if (error.code === 'BODY_TOO_LONG') return this.end()
      return this.#cut(error)
    }
    const { status, reason, headers, body } = errorResponse(error, this.id)
    this.state = 'open'
    this.respond({ status, reason, headers })
    this.end(body)
  }

  /** Door: the body will not be complete. Ends the exchange with the error, which an app that reads on gets too. */
  failBody(error: SidegateError): void {
    this.closeAfter()
    if (this.inner && !this.inner.over) this.inner.failBody(error)
    else this.fail(error)
    this.body.fail(error)
  }

  /** Layer: `inner` answers through this one from now on. The one that did so before ends, if it is not over. */
  putInFront(inner: Exchange | undefined): void {
    const before = this.inner
    this.inner = inner
    const answered = 'the request was answered in another way'
    before?.abort(before.error ?? this.#gone(answered))
    if (inner && this.over) inner.abort(this.#gone(answered))
  }

  /** Door: the output has room again. */
  notifyDrain(): void {
    this.#watching?.drained()
    this.inner?.notifyDrain()
  }

  /** Door: the client is gone. */
  abort(reason: SidegateError): void {
    if (this.state === 'ended' || this.state === 'aborted') return
    this.error ??= reason
    this.state = 'aborted'
    this.#abortReason = reason
    // Its end is counted before this exchange is done.
    this.taken?.destroy()
    this.body.fail(reason)
    this.#watching?.abort(reason)
    this.inner?.abort(reason)
    this.#over()
  }

  get #watchers(): Watchers {
    return (this.#watching ??= new Watchers())
  }

  #endHeld(chunk: Chunk | undefined): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    const size = bytes?.byteLength ?? 0
    const { missing } = this
    if (missing >= 0 && size !== missing) {
      if (size < missing) {
        if (bytes && size > 0) this.#send(bytes)
        return this.#tooShort()
      }
      this.write(bytes!)
    }
    if (this.#announced < 0 && !isBodiless(this.#head!.status) && (size > 0 || !this.#headRequest)) {
      const { status, reason, headers } = this.#head!
      this.#head = { status, reason, headers: [...headers, ['Content-Length', String(size)]] }
    }
    this.sent = this.#bodiless ? 0 : size
    this.#start(this.#bodiless ? undefined : bytes, true)
    this.#over()
  }

  #start(chunk: Uint8Array | undefined, last: boolean): boolean {
    this.status = this.#head!.status
    this.state = last ? 'ended' : 'sent'
    try {
      return this.#carrier.start(this.#head!, chunk, last)
    } catch (error) {
      // The protocol cannot carry this head (AJP has a limit): nothing was sent, and there may be another.
      this.state = 'held'
      this.status = this.sent = 0
      throw error
    }
  }

  #send(bytes: Uint8Array): boolean {
    this.sent += bytes.byteLength
    return this.state === 'held' ? this.#start(bytes, false) : this.#carrier.write(bytes)
  }

  #tooShort(): void {
    const message = `the app sent ${this.sent} bytes of its Content-Length of ${this.#announced}`
    const error = new AppError('BODY_TOO_SHORT', message)
    if (this.state === 'held') return this.fail(error)
    this.error ??= error
    this.observer.failed(this, error)
    this.#cut(error)
  }

  #cut(error: SidegateError): void {
    this.#carrier.cut()
    this.abort(error)
  }

  #tunnelOver({ received, sent, error }: TunnelEnd): void {
    this.body.received = received
    this.sent = sent
    if (this.state !== 'upgraded') return
    if (error === undefined || this.error) {
      if (this.inner) this.inner.#tunnelOver({ received, sent })
      this.state = 'ended'
      return this.#over()
    }
    this.abort(connectionBroke(error))
  }

  #over(): void {
    this.mount?.over(this)
    // Behind layers of the gateway alone it is known whose request it was.
    for (let one = this.inner; one && !this.mount; one = one.inner) this.mount = one.mount
    if (this.inner) this.putInFront(undefined)
    this.observer.done(this)
  }

  #gone(why = 'the client went away'): SidegateError {
    return this.#abortReason ?? new PeerError('CLIENT_GONE', why, 499)
  }
}
