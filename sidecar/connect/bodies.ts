// Which request bodies are taken before a connection to a server is. Servers that speak a gateway protocol have a process or a thread for each
// connection, and few of them: a client that sends slowly would keep one from others. Those that speak HTTP see to many connections at once; but some of those take
// no body without a length.
import type { Exchange } from '../exchange.ts'
import type { SpoolBounds } from '../upload.ts'
import { spoolBounds, takeBody } from '../take-body.ts'
import type { Protocol } from '../wire/codec.ts'
import type { BackendSettings } from './settings.ts'

type BodySettings = Pick<BackendSettings, 'streamBodies' | 'maxSpool' | 'spoolMemory'>

/** Takes the bodies of one mount. */
export class Bodies {
  readonly #bounds: SpoolBounds
  readonly #measured: boolean
  readonly #unmeasured: boolean

  /** `protocols`: of all servers. Which of them gets a request is not known yet, so that one decides for all. */
  constructor(settings: BodySettings, protocols: readonly Protocol[]) {
    this.#bounds = spoolBounds(settings)
    const { streamBodies = !protocols.some(({ gateway }) => gateway), maxSpool } = settings
    this.#measured = !streamBodies && maxSpool > 0
    // By these an app looks for CONTENT_LENGTH alone: PHP ignores a body without it.
    const wanted = settings.streamBodies === false || protocols.some(({ carries }) => carries === 'variables')
    this.#unmeasured = this.#measured || wanted
  }

  /**
   * Takes the body of `exchange` where that has to be, as takeBody.
   * @throws as takeBody
   */
  take(exchange: Exchange): Promise<void> | undefined {
    const wanted = exchange.body.length === undefined ? this.#unmeasured : this.#measured
    return wanted ? takeBody(exchange, this.#bounds) : undefined
  }
}
