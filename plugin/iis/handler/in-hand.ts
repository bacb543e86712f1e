// A request that the web server has sent and that is not answered to its end.
import type { Variables } from '../../../sidecar/variables.ts'
import { PairStream } from '../../../sidecar/wire/pairs.ts'

/** As much of the variables is kept as Sidegate takes (PARAMS_MAX in wire/). */
const PARAMS_MAX = 256 * 1024

export class InHand {
  /** Of FastCGI: what tells requests of one connection apart. */
  readonly id: number
  /** Bytes of its response have gone to the web server. */
  answering = false
  /** The web server took it back, and waits for its end. */
  aborted = false
  readonly #params = new PairStream(PARAMS_MAX)

  constructor(id: number) {
    this.id = id
  }

  /** Takes a piece of its variables. */
  add(bytes: Buffer, start: number, end: number): void {
    if (this.#params.fits(end - start)) this.#params.add(bytes, start, end)
  }

  /** What is told of it where it fails: with its variables incomplete, nothing. */
  get named(): { readonly method: string | undefined; readonly uri: string | undefined } {
    const variables = this.#read()
    const uri = variables.UNENCODED_URL ?? variables.REQUEST_URI ?? variables.URL
    return { method: variables.REQUEST_METHOD, uri }
  }

  #read(): Variables {
    try {
      return this.#params.read()
    } catch {
      return {}
    }
  }
}
