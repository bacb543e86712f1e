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
import { Speaker } from './reports.ts'
import { TakenOver } from './taken-over.ts'

/** A body up to this size goes in one frame with its head. */
const ONE_FRAME = 48 * 1024

/** The request. */
export class Served implements Carrier {
  readonly id: number
  readonly exchange: Exchange
  readonly speaker: Speaker
  /** Only there where the connection may be taken over. */
  readonly upgrade?: Required<Carrier>['upgrade']
  readonly #output: FrameOutput
  readonly #window: number
  readonly #interim: boolean
  /** Bytes that may be sent. */
  #credit: number
  /** Bytes of the body that may have come. */
  #granted = 0
  #failed = false
  #taken: TakenOver | undefined

  constructor(id: number, request: FramedRequest, door: Door, output: FrameOutput, observer: ExchangeObserver) {
    const { name, length, window, upgradable, names, variables } = request
    this.id = id
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
    this.exchange = new Exchange(this, observer, door, variables, body)
    this.exchange.name = name
    if (names !== '') this.exchange.fields = names.split(' ').flatMap((spelled) => [spelled, ''])
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
    if (had <= 0 && this.#credit > 0) this.exchange.notifyDrain()
  }

  finished(): void {
    this.#taken?.finished()
  }

  /** Nobody waits for the response any more. */
  abort(why: SidegateError | undefined): void {
    // That tells the gateway itself.
    if (this.#taken) return this.#taken.lost(why)
    this.exchange.abort(why ?? new PeerError('CLIENT_GONE', 'the client went away', 499))
    this.#output.bare(FRAME.closed, this.id)
  }

  /** It went wrong: the gateway answers, or cuts. */
  fail(error: SidegateError): void {
    this.#failed = true
    this.#output.bytes(FRAME.failed, this.id, writeFailure(error))
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
    this.#credit -= chunk.byteLength
    this.#output.bytes(FRAME.data, this.id, chunk)
    return this.#credit > 0
  }

  finish(): void {
    if (!this.#failed) this.#output.bare(FRAME.end, this.id)
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

  readonly #demand = (): void => {
    const { received } = this.exchange.body
    const underWay = Math.max(0, this.#granted - received)
    if (underWay > this.#window / 2) return
    const more = this.#window - underWay
    this.#granted = received + underWay + more
    this.#output.number(FRAME.bodyCredit, this.id, more)
  }
}
