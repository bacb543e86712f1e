// What the web server sends: records on their way to Sidegate. They are framed anew, as what follows a request that has failed here goes
// nowhere, and the next one goes to another connection; and so that Sidegate keeps its connection whatever the web server thinks of its own.
// Questions about this process (FastCGI 1.0, 4) are answered here: it takes one request at a time.
//
// Keeps: PARAMS of the request in hand, for the log; one management record.
import { endRequest } from '../../../sidecar/wire/fastcgi-answer.ts'
import { FastcgiServer } from '../../../sidecar/wire/fastcgi-server.ts'
import * as records from '../../../sidecar/wire/records.ts'
import { HEADER, RecordReader, type RecordSink } from '../../../sidecar/wire/records.ts'
import { InHand } from './in-hand.ts'

/** What came, sorted. */
export interface Sorted {
  /** For Sidegate, in order. */
  readonly onward: readonly Uint8Array[]
  /** For the web server. */
  readonly back: readonly Uint8Array[]
}

export class Requests implements RecordSink {
  /** In the order in which they came: one, and before it those that were taken back and have not ended. */
  readonly inHand: InHand[] = []
  readonly #reader = new RecordReader(this, 400)
  readonly #management = new FastcgiServer({ alone: true })
  #onward: Uint8Array[] = []
  #back: Uint8Array[] = []
  /** The last one that began, while what belongs to it goes to Sidegate. */
  #passing: InHand | undefined
  // The record that is being read.
  #type = 0
  #length = 0
  #into: 'onward' | 'begin' | 'management' | undefined
  #kept: Buffer[] = []

  /**
   * Takes bytes that arrived, which are not changed afterwards.
   * @throws {PeerError} when they are no FastCGI.
   */
  take(bytes: Buffer): Sorted {
    this.#reader.read(bytes)
    const sorted = { onward: this.#onward, back: this.#back }
    this.#onward = []
    this.#back = []
    return sorted
  }

  /** The response to a request is complete. */
  over(id: number): void {
    const index = this.inHand.findIndex((one) => one.id === id)
    if (index >= 0) this.inHand.splice(index, 1)
  }

  /** Sidegate is gone: gives what it will not answer. What still comes of that goes nowhere. */
  lost(): InHand[] {
    this.#passing = undefined
    if (this.#into !== 'management') this.#into = undefined
    return this.inHand.splice(0)
  }

  open(type: number, id: number, length: number): void {
    this.#type = type
    this.#length = length
    this.#kept = []
    if (id === 0) this.#into = 'management'
    else if (type === records.BEGIN_REQUEST) this.#begin(id)
    else this.#into = this.#passing?.id === id ? 'onward' : undefined
    if (this.#into === undefined) return
    if (type === records.ABORT_REQUEST && this.#passing) this.#passing.aborted = true
    const header = Buffer.allocUnsafe(HEADER)
    records.writeHeader(header, 0, type, id, length)
    if (this.#into === 'onward') this.#onward.push(header)
    else this.#kept.push(header)
  }

  content(bytes: Buffer, start: number, end: number): void {
    if (this.#into === undefined) return
    const piece = bytes.subarray(start, end)
    if (this.#into !== 'onward') return void this.#kept.push(piece)
    if (this.#type === records.PARAMS) this.#passing?.add(bytes, start, end)
    this.#onward.push(piece)
  }

  close(): void {
    const into = this.#into
    if (into === undefined) return
    const padding = records.paddingOf(this.#length)
    if (into === 'onward') {
      if (padding > 0) this.#onward.push(Buffer.alloc(padding))
      return
    }
    const record = Buffer.concat([...this.#kept, Buffer.alloc(padding)])
    this.#kept = []
    if (into === 'begin') this.#keepOpen(record)
    else for (const event of this.#management.receive(record)) if (event.type === 'reply') this.#back.push(event.bytes)
  }

  #begin(id: number): void {
    this.#into = undefined
    // 5.5: the answer of who takes one request at a time.
    if (this.inHand.some(({ aborted }) => !aborted)) {
      this.#back.push(endRequest(id, records.CANT_MPX_CONN))
      return
    }
    this.#passing = new InHand(id)
    this.inHand.push(this.#passing)
    this.#into = 'begin'
  }

  /** 5.1: the role as it is, the flag set. */
  #keepOpen(record: Buffer): void {
    if (this.#length > 2) record[HEADER + 2]! |= records.KEEP_CONN
    this.#onward.push(record)
  }
}
