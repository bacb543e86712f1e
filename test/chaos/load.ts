// Clients that ask all the time, one thing after the other, by all ways and at all mounts.
import { ask, KINDS } from './ask.ts'
import type { Random } from './random.ts'
import { talk } from './talk.ts'
import { Tally } from './tally.ts'
import type { Way } from './ways.ts'

/** A mount that is asked. */
export interface LoadedMount {
  readonly name: string
  /** How often, beside the others. */
  readonly weight: number
  readonly webSockets: boolean
  /** It has all kinds of requests, streams too. */
  readonly streams: boolean
}

/** What is asked for, how, and how many at a time. */
export interface LoadOptions {
  readonly ways: readonly Way[]
  readonly mounts: readonly LoadedMount[]
  /** Clients on each way. */
  readonly clients: number
  /** WebSockets at a time. */
  readonly webSockets: number
  readonly random: Random
  /** The version that the app of a mount has at least by now. */
  version(mount: string): number | undefined
}

/** So long a client rests after something that failed, in milliseconds: a refusal costs nothing, and would be all that is counted. */
const REST_MS = 25

/** Load, from the start until its end. */
export class Load {
  tally = new Tally()
  readonly #options: LoadOptions
  readonly #clients: Promise<void>[]
  #ends = false
  #words = 0

  constructor(options: LoadOptions) {
    this.#options = options
    const { ways, clients, webSockets, random } = options
    const talking = ways.filter((way) => way.webSockets)
    this.#clients = [
      ...ways.flatMap((way) => Array.from({ length: clients }, () => this.#asks(way, random.fork()))),
      ...Array.from({ length: webSockets }, (_, index) => this.#talks(talking[index % talking.length]!, random.fork())),
    ]
  }

  /** What is asked from now on is counted anew. @returns what was counted before, once the last of it is answered */
  async next(): Promise<Tally> {
    const before = this.tally
    this.tally = new Tally()
    await before.over()
    return before
  }

  /** Asks no more. Resolves when all is answered, and no connection is kept. */
  async end(): Promise<void> {
    this.#ends = true
    await Promise.all(this.#clients)
    for (const { agent } of this.#options.ways) agent.destroy()
  }

  async #asks(way: Way, random: Random): Promise<void> {
    while (!this.#ends) {
      const { name: mount, streams } = random.weighted(this.#options.mounts)
      const { kind } = random.weighted(streams ? KINDS : KINDS.filter((one) => one.kind !== 'stream'))
      const asked = { mount, kind, word: this.#word(), version: this.#options.version(mount) }
      const verdict = await this.tally.count({ way: way.name, mount, kind }, () => ask(way, asked, random))
      if (verdict.is === 'failed') await rest()
    }
  }

  async #talks(way: Way, random: Random): Promise<void> {
    const mounts = this.#options.mounts.filter(({ webSockets }) => webSockets)
    while (!this.#ends) {
      const { name: mount } = random.weighted(mounts)
      const request = { way: way.name, mount, kind: 'WebSocket' }
      const verdict = await this.tally.count(request, () => talk(way, mount, this.#word(), random))
      if (verdict.is === 'failed') await rest()
    }
  }

  #word(): string {
    return `word-${++this.#words}`
  }
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST_MS))
}
