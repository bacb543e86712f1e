// One request in this process: carries its response as frames.
import { RequestBody } from '../body.ts'
import type { Carrier } from '../carrier.ts'
import { PeerError, type SidegateError } from '../errors.ts'
import { Exchange, type ExchangeObserver } from '../exchange.ts'
import { writeFailure } from '../frames/failure.ts'
import type { FrameOutput } from '../frames/output.ts'
import { writeFramedHead } from '../wire/frame-head.ts'
import type { FramedRequest } from '../wire/frame-request.ts'
import { FRAME } from '../wire/frames.ts'
import type { Head } from '../wire/head.ts'
import type { Door } from '../carrier.ts'
import { HeldBack } from './held-back.ts'
import { Speaker } from './reports.ts'
import { TakenOver } from './taken-over.ts'

/** A body up to this size goes in one frame with its head. */
const ONE_FRAME = 48 * 1024

/** Who has it. */
export interface ServedOwner extends ExchangeObserver {
  /** It was over before all of its response was sent, and that is done. */
  sent(served: Served): void
}

/** The request. */
export class Served implements Carrier {
  readonly id: number
  readonly exchange: Exchange
  readonly speaker: Speaker
  /** Only there where the connection may be taken over. */
  readonly upgrade?: Required<Carrier>['upgrade']
  readonly #owner: ServedOwner
  readonly #output: FrameOutput
  readonly #window: number
  readonly #interim: boolean
  /** Bytes that may be sent. */
  #credit: number
  /** Bytes of the body that may have come. */
  #granted = 0
  #failed = false
  /** What the app wrote although there was no room. */
  #held: HeldBack | undefined
  /** What is sent behind that. */
  #last: (() => void) | undefined
  #taken: TakenOver | undefined

  constructor(id: number, request: FramedRequest, door: Door, output: FrameOutput, owner: ServedOwner) {
    const { name, length, window, upgradable, names, variables } = request
    this.id = id
    this.#owner = owner
    this.#output = output
    this.#window = this.#credit = window
    this.#interim = door.protocol === 'http'
    this.speaker = new Speaker(name)
    if (upgradable) {
      this.upgrade = (head, over) => {
        output.head(FRAME.upgrade, id, writeFramedHead(head), undefined)
        return (this.#taken = new TakenOver(id, window, output, over))
      }
    }
    const body = new RequestBody(length, length === 0 ? undefined : this.#demand)
    this.exchange = new Exchange(this, owner, door, variables, body)
    this.exchange.name = name
    if (names !== '') this.exchange.fields = names.split(' ').flatMap((spelled) => [spelled, ''])
  }

  /** Some of its response is held back. */
  get isSending(): boolean {
    return this.#held !== undefined
  }

  // --- what comes from the gateway

  receive(bytes: Buffer): void {
    if (this.#taken) this.#taken.receive(bytes)
    else this.exchange.body.push(bytes)
  }

  receiveEnd(): void {
    if (this.#taken) this.#taken.receiveEnd()
    else this.exchange.body.finish()
  }

  allow(bytes: number): void {
    if (this.#taken) return this.#taken.allow(bytes)
    const had = this.#credit
    this.#credit += bytes
    const held = this.#held
    if (held) this.#goOn(held)
    if ((held || had <= 0) && !this.#held && this.#credit > 0) this.exchange.notifyDrain()
  }

  finished(): void {
    this.#taken?.finished()
  }

  /** Nobody waits for the response any more. */
  abort(why: SidegateError | undefined): void {
    this.#held = undefined
    // That tells the gateway itself.
    if (this.#taken) return this.#taken.lost(why)
    this.exchange.abort(why ?? new PeerError('CLIENT_GONE', 'the client went away', 499))
    this.#output.bare(FRAME.closed, this.id)
  }

  /** It went wrong: the gateway answers, or cuts. */
  fail(error: SidegateError): void {
    this.#failed = true
    this.#close(() => this.#output.bytes(FRAME.failed, this.id, writeFailure(error)))
  }

  // --- what its exchange answers through

  start(head: Head, chunk: Uint8Array | undefined, last: boolean): boolean {
    if (this.#failed) return true
    const small = chunk === undefined || chunk.byteLength <= ONE_FRAME
    const text = writeFramedHead(head)
    this.#output.head(last && small ? FRAME.response : FRAME.head, this.id, text, small ? chunk : undefined)
    if (small) {
      this.#credit -= chunk?.byteLength ?? 0
      return this.#credit > 0
    }
    const room = this.write(chunk)
    if (last) this.finish()
    return room
  }

  write(chunk: Uint8Array): boolean {
    if (this.#failed) return true
    const held = this.#held
    if (held) {
      held.add(chunk)
      return false
    }
    if (chunk.byteLength > this.#credit) return this.#holdBack(chunk)
    this.#credit -= chunk.byteLength
    this.#output.bytes(FRAME.data, this.id, chunk)
    return this.#credit > 0
  }

  finish(): void {
    if (this.#failed) return
    if (this.#held) this.#close(() => this.#output.bare(FRAME.end, this.id))
    else this.#output.bare(FRAME.end, this.id)
  }

  /** The gateway does, as it was told why. */
  cut(): void {}

  interim(head: Head): boolean {
    if (this.#interim) this.#output.head(FRAME.interim, this.id, writeFramedHead(head), undefined)
    return this.#interim
  }

  retire(): void {
    this.#output.bare(FRAME.closeAfter, this.id)
  }

  #holdBack(chunk: Uint8Array): false {
    const held = (this.#held = new HeldBack())
    held.add(chunk)
    this.#goOn(held)
    return false
  }

  #goOn(held: HeldBack): void {
    while (this.#credit > 0 && !held.isEmpty) {
      const piece = held.take(this.#credit)!
      this.#credit -= piece.byteLength
      this.#output.bytes(FRAME.data, this.id, piece)
    }
    if (!held.isEmpty) return
    this.#held = undefined
    this.#last?.()
    if (this.exchange.over) this.#owner.sent(this)
  }

  /** Sends what ends the response, behind all of it. */
  #close(send: () => void): void {
    if (this.#held) this.#last = send
    else send()
  }

  readonly #demand = (): void => {
    const { received } = this.exchange.body
    const underWay = Math.max(0, this.#granted - received)
    if (underWay > this.#window / 2) return
    const more = this.#window - underWay
    this.#granted = received + underWay + more
    this.#output.number(FRAME.bodyCredit, this.id, more)
  }
}
