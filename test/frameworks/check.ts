// Something that has to work in an app, and the one who looks: a client of a web server, which asks for a path below the app's prefix.
import type { Answer } from '../conformance/answer.ts'
import { open, type Live } from '../conformance/client.ts'
import type { RequestSpec } from '../conformance/case.ts'
import type { Prefix } from './framework.ts'
import type { Protocol } from './stage.ts'

/** Looks, and throws where something is not as it has to be. */
export interface Check {
  readonly name: string
  /** Where there is something to look at. Default: at both. */
  readonly at?: Prefix
  /** The protocol that carries it. Default: each. */
  readonly by?: Protocol
  look(visitor: Visitor): Promise<void>
}

/** Where an app is reached. */
export interface Way {
  /** The web server: `127.0.0.1:8080`. */
  readonly address: string
  /** What it is asked for in Host. */
  readonly host: string
  /** That of web server and Sidegate. */
  readonly protocol: Protocol
  readonly prefix: Prefix
  /** What Sidegate and the app have logged so far. */
  log(): string
}

/** One browser, with cookies. */
export class Visitor {
  readonly way: Way
  readonly #cookies = new Map<string, string>()

  constructor(way: Way) {
    this.way = way
  }

  /** Another browser, in the same place. */
  another(): Visitor {
    return new Visitor(this.way)
  }

  /** Asks for a path below the prefix, and shows the response as it comes. */
  start(path: string, request: Omit<RequestSpec, 'target'> = {}): Live {
    const { address, host, prefix } = this.way
    const cookies = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers: [string, string][] = [['Host', host], ...(cookies ? [['Cookie', cookies] as [string, string]] : [])]
    const spec = { ...request, target: prefix + path, headers: [...headers, ...(request.headers ?? [])] }
    return open({ address, transport: 'http' }, spec)
  }

  /** Asks for a path below the prefix, and waits for the whole response. */
  async ask(path: string, request: Omit<RequestSpec, 'target'> = {}): Promise<Answer> {
    const answer = await this.start(path, request).whole()
    if (!answer.complete) throw new Error(`the response is cut after ${answer.body.length} bytes`)
    for (const line of answer.all('set-cookie')) this.#keep(line)
    return answer
  }

  /** Where a link of the page at a path leads: a path, the prefix in it. @throws {Error} where that is another server */
  resolve(link: string, path: string): string {
    const { host, prefix } = this.way
    const url = new URL(link, `http://${host}${prefix}${path}`)
    if (url.origin !== `http://${host}`) throw new Error(`${link} is not of http://${host}`)
    return url.pathname + url.search
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const path = attributes.find((one) => /^path=/i.test(one))?.slice('path='.length) ?? '/'
    const below = this.way.prefix || '/'
    if (path !== '/' && path !== below && path !== `${below}/`) throw new Error(`${line}: it is not for ${below}`)
    if (attributes.some((one) => /^secure$/i.test(one))) throw new Error(`${line}: it is not sent by http`)
    const equals = pair.indexOf('=')
    this.#cookies.set(pair.slice(0, equals), pair.slice(equals + 1))
  }
}
