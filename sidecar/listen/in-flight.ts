// The requests in flight on one connection, and how their bodies come.
import type { SidegateError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { ById } from '../wire/by-id.ts'
import { HeadBeside } from './head-beside.ts'
import type { Allowance } from './limits.ts'
import { Paces } from './pace.ts'
import { headLate } from './patience.ts'
import { isCrowded, Sharing } from './sharing.ts'

/** Requests by their ids. */
export class InFlight extends ById<Exchange> {
  readonly #allowance: Allowance
  readonly #connection: { readonly paused: boolean }
  /** Whether the host may send other requests beside this one. */
  #shared = false
  /** A body has had more than an app took: it is worth a look whether they are crowded. */
  #tight = false
  /** There once more than one request was in flight. */
  #sharing: Sharing | undefined
  /** How fast the bodies come for which an app had to wait. */
  #paces: Paces | undefined
  readonly #broken: (error: SidegateError) => unknown
  /** There once a head began beside a request in flight. */
  #beside: HeadBeside | undefined

  /** `connection.paused`: it is not being read; `broken` is called when the peer is not to be heard any more. */
  constructor(
    allowance: Allowance,
    connection: { readonly paused: boolean },
    broken: (error: SidegateError) => unknown,
  ) {
    super()
    this.#broken = broken
    this.#allowance = allowance
    this.#connection = connection
  }

  /** Takes one in; `shared`: others may come beside it. */
  add(id: number, exchange: Exchange, shared: boolean): void {
    this.set(id, exchange)
    this.#shared = shared
    if (this.size > 1) this.#sharing ??= new Sharing(this, this.#connection)
  }

  override delete(id: number): void {
    super.delete(id)
    this.#paces?.delete(id)
  }

  /** Bytes of a body came. */
  push(id: number, bytes: Uint8Array): void {
    const exchange = this.get(id)
    if (!exchange) return
    if (!exchange.body.push(bytes)) this.#tight = true
    const slow = this.#paces?.arrived(id, exchange.body.received)
    if (slow) exchange.failBody(slow)
  }

  /** A body is complete. */
  finish(id: number): void {
    this.get(id)?.body.finish()
    this.#paces?.delete(id)
  }

  /** @param id of a request whose head is here in part; undefined: there is none */
  headBeside(id: number | undefined): void {
    if (!this.#beside && (id === undefined || this.size === 0)) return
    const { head } = this.#allowance
    this.#beside ??= new HeadBeside(head, () => this.#broken(headLate(head)))
    this.#beside.see(id)
  }

  /** An app asks for more of a body; true when it waits for it. */
  asks(id: number): boolean {
    if (!this.get(id)?.body.wanted) return false
    ;(this.#paces ??= new Paces(this.#allowance)).waiting(id)
    return true
  }

  /** Milliseconds for which the connection may be silent, as bodies are waited for; 0: for ever. */
  get left(): number {
    return this.#paces?.left ?? 0
  }

  /** Ends the requests whose bodies are late. */
  failLate(): void {
    this.#paces?.late().forEach(([id, why]) => this.get(id)?.failBody(why))
  }

  /** So much of the bodies waits for apps that the connection should not be read on. */
  get crowded(): boolean {
    this.#tight &&= isCrowded(this, this.#shared)
    return this.#tight
  }

  /** The output has room again. */
  notifyDrain(): void {
    for (const exchange of this.values()) exchange.notifyDrain()
  }

  /** True when a response had begun. */
  abortAll(reason: SidegateError): boolean {
    let begun = false
    for (const exchange of this.values()) {
      begun ||= exchange.headSent
      exchange.abort(reason)
    }
    this.clear()
    return begun
  }

  /** The connection is closed. */
  close(): void {
    this.#sharing?.close()
    this.#beside?.see(undefined)
  }
}
