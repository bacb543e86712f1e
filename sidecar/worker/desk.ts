// Takes the requests of a connection of frames, has the mount answer them, and gives the answers back.
import { notePiece } from '../collector.ts'
import type { Door } from '../carrier.ts'
import type { SidegateError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { readDoor } from '../frames/door.ts'
import { detailOf, readFailure } from '../frames/failure.ts'
import type { FrameOutput } from '../frames/output.ts'
import { answer } from '../mounted.ts'
import type { Mount } from '../mounts/mount.ts'
import type { Handler } from '../observer.ts'
import { readRequest } from '../wire/frame-request.ts'
import { FRAME, FrameReader, type FrameSink } from '../wire/frames.ts'
import type { Reports } from './reports.ts'
import { Served, type ServedOwner } from './served.ts'

/** Doors that are remembered: more than a gateway has listeners. */
const DOORS_MAX = 256

/** The requests of this process. */
export class Desk implements FrameSink, ServedOwner, Handler<Exchange> {
  readonly key: string
  /** No more requests come. */
  retired = false
  readonly #mount: Mount
  readonly #output: FrameOutput
  readonly #reports: Reports
  readonly #reader = new FrameReader(this)
  readonly #served = new Map<number, Served>()
  readonly #byExchange = new WeakMap<Exchange, Served>()
  readonly #doors = new Map<string, Door>()
  /** Begun with what was read last: their bodies may have come with them. */
  #begun: Served[] = []

  /** @param key of the mount in the configuration */
  constructor(key: string, mount: Mount, output: FrameOutput, reports: Reports) {
    this.key = key
    this.#mount = mount
    this.#output = output
    this.#reports = reports
  }

  receive(bytes: Buffer): void {
    notePiece(bytes.byteLength)
    this.#reader.receive(bytes)
    if (this.#begun.length === 0) return
    const begun = this.#begun
    this.#begun = []
    for (const served of begun) this.#answer(served)
  }

  frame(type: number, id: number, payload: Buffer): void {
    switch (type) {
      case FRAME.start:
        return this.#start(id, payload)
      case FRAME.body:
        return this.#served.get(id)?.receive(payload)
      case FRAME.bodyEnd:
        return this.#served.get(id)?.receiveEnd()
      case FRAME.credit:
        return this.#served.get(id)?.allow(payload.readUInt32BE(0))
      case FRAME.finished:
        return this.#served.get(id)?.finished()
      case FRAME.abort:
        return this.#abort(id, payload.length > 0 ? readFailure(payload) : undefined)
      case FRAME.ping:
        return this.#output.bare(FRAME.pong, 0)
      case FRAME.retire:
        this.retired = true
    }
  }

  /** The gateway is gone. */
  abortAll(why: SidegateError): void {
    for (const served of this.#served.values()) served.abort(why)
  }

  failed(exchange: Exchange, error: SidegateError): void {
    // One that has its answer is known here alone.
    if (exchange.over) this.#record(exchange, error)
    else this.#byExchange.get(exchange)?.fail(error)
  }

  leftOut(exchange: Exchange, names: readonly string[]): void {
    const served = this.#byExchange.get(exchange)
    if (served) this.#output.text(FRAME.leftOut, served.id, names.join(','))
  }

  done(exchange: Exchange): void {
    const served = this.#byExchange.get(exchange)
    if (!served) return
    if (!served.isSending) this.sent(served)
    served.speaker.end()
  }

  sent({ id }: Served): void {
    this.#served.delete(id)
  }

  over(): void {}

  #start(id: number, payload: Buffer): void {
    const request = readRequest(payload.toString('latin1'))
    const served = new Served(id, request, this.#doorOf(request.door), this.#output, this)
    served.exchange.mount = this
    this.#byExchange.set(served.exchange, served)
    this.#served.set(id, served)
    this.#begun.push(served)
  }

  #answer(served: Served): void {
    // Its client went away in the bytes that brought it.
    if (served.exchange.over) return
    this.#reports.during(served.speaker, () => answer(this.#mount, served.exchange))
  }

  #abort(id: number, why: SidegateError | undefined): void {
    const served = this.#served.get(id)
    if (!served) return this.#output.bare(FRAME.closed, id)
    served.abort(why)
    this.sent(served)
  }

  #doorOf(text: string): Door {
    let door = this.#doors.get(text)
    if (door) return door
    door = readDoor(text)
    if (this.#doors.size < DOORS_MAX) this.#doors.set(text, door)
    return door
  }

  #record(exchange: Exchange, error: SidegateError): void {
    const { method, uri } = exchange.logged
    const { code, blame, message } = error
    const level = blame === 'peer' ? 'warn' : 'error'
    this.#reports.log[level](message, { code, blame, request: exchange.id, method, uri, detail: detailOf(error) })
  }
}
