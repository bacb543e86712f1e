// What Sidegate sends: looked at on its way to the web server, and not changed. Keeps nothing.
import * as records from '../../../sidecar/wire/records.ts'
import { RecordReader, type RecordSink } from '../../../sidecar/wire/records.ts'
import type { Requests } from './requests.ts'

export class Responses implements RecordSink {
  readonly #requests: Requests
  readonly #reader = new RecordReader(this, 502)
  #type = 0
  #id = 0

  constructor(requests: Requests) {
    this.#requests = requests
  }

  /** True between two records. */
  get idle(): boolean {
    return this.#reader.idle
  }

  /** @throws {PeerError} when they are no FastCGI. */
  look(bytes: Buffer): void {
    this.#reader.read(bytes)
  }

  open(type: number, id: number, length: number): void {
    this.#type = type
    this.#id = id
    if (type !== records.STDOUT || length === 0) return
    const request = this.#requests.inHand.find((one) => one.id === id)
    if (request) request.answering = true
  }

  content(): void {}

  close(): void {
    if (this.#type === records.END_REQUEST) this.#requests.over(this.#id)
  }
}
