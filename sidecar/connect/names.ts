// The addresses of a server: itself, or every address of its name, looked up again from time to time.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { formatEndpoint } from '../address.ts'
import type { Log } from '../log.ts'
import type { Server } from './server.ts'
import type { BackendAddress } from './backend.ts'

/** While a name has no address it is looked up this often, in milliseconds: it may be a container that starts after us. */
const MISSING_AGAIN = 1000

/** Watches the names of servers. */
export class Names<S extends Server> {
  readonly #servers: readonly S[]
  readonly #interval: number
  readonly #changed: (addresses: ReadonlyMap<S, readonly BackendAddress[]>) => Promise<void>
  readonly #log: Log
  readonly #mount: string
  readonly #addresses = new Map<S, readonly BackendAddress[]>()
  #timer: NodeJS.Timeout | undefined
  #closed = false

  /**
   * @param interval milliseconds; 0: names are looked up once
   * @param changed told of all addresses, at the start and whenever they are others
   */
  constructor(
    servers: readonly S[],
    interval: number,
    log: Log,
    mount: string,
    changed: (addresses: ReadonlyMap<S, readonly BackendAddress[]>) => Promise<void>,
  ) {
    this.#servers = servers
    this.#interval = interval
    this.#log = log
    this.#mount = mount
    this.#changed = changed
  }

  /** Looks all names up. A name without an address is no error: it is looked up again. */
  async open(): Promise<void> {
    for (const server of this.#servers) {
      if (!hasName(server)) this.#addresses.set(server, [addressOf(server)])
    }
    await this.#look(true)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #look(first: boolean): Promise<void> {
    const named = this.#servers.filter(hasName)
    const changed = await Promise.all(named.map((server) => this.#lookUp(server)))
    if (this.#closed) return
    if (first || changed.includes(true)) await this.#changed(this.#addresses)
    if (this.#closed || named.length === 0) return
    const missing = named.some((server) => !this.#addresses.get(server)?.length)
    const pause = missing ? Math.min(MISSING_AGAIN, this.#interval || MISSING_AGAIN) : this.#interval
    if (pause > 0) this.#timer = setTimeout(() => void this.#look(false), pause)
  }

  /** True when the addresses are others. When the lookup fails they stay what they were. */
  async #lookUp(server: S): Promise<boolean> {
    const { host, port } = server.endpoint as { host: string; port: number }
    const before = this.#addresses.get(server)
    try {
      const answer = await lookup(host, { all: true })
      const hosts = [...new Set(answer.map(({ address }) => address))].toSorted()
      const names = (list: readonly BackendAddress[]): string => list.map(({ name }) => name).join(' ')
      const addresses = hosts.map((found): BackendAddress => {
        const endpoint = { kind: 'tcp', host: found, port } as const
        const { scheme, path, name } = server
        return { scheme, endpoint, host, path, name: `${name} (${formatEndpoint(endpoint)})` }
      })
      if (before && names(before) === names(addresses)) return false
      this.#addresses.set(server, addresses)
      if (before) this.#log.info(`${host} is ${hosts.join(', ')} now`, { mount: this.#mount, upstream: server.name })
      return true
    } catch (error) {
      if (before === undefined) {
        const message = `the name ${host} has no address yet (${(error as NodeJS.ErrnoException).code}): it is looked up again`
        this.#log.warn(message, { mount: this.#mount, upstream: server.name, code: 'UPSTREAM_NAME' })
        this.#addresses.set(server, [])
      }
      return false
    }
  }
}

// The two families of localhost are one server; net tries both.
function hasName({ endpoint }: Server): boolean {
  return endpoint.kind === 'tcp' && isIP(endpoint.host) === 0 && endpoint.host !== 'localhost'
}

function addressOf({ name, scheme, endpoint, path }: Server): BackendAddress {
  return { name, scheme, endpoint, path, host: endpoint.kind === 'tcp' ? endpoint.host : undefined }
}
