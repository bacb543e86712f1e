// Lists of peers: addresses and networks (CIDR), and `unix` or `pipe` for whoever connects over a Unix socket or a named pipe: the listener
// says which of them it is.
import { BlockList, isIP } from 'node:net'
import { ConfigError } from './errors.ts'

/** A set of peers. */
export interface Peers {
  readonly size: number
  /** `address` as of socket.remoteAddress; undefined is a Unix socket or a named pipe. */
  has(address: string | undefined): boolean
}

/** An IPv4 address that came in over an IPv6 socket, as IPv4; others as they are. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address
}

/** The eight numbers of an IPv6 address (RFC 4291 2.2), without its zone. */
export function addressGroups(address: string): number[] {
  const [left = '', right] = address.split('%', 1)[0]!.split('::')
  const numbers = (part: string | undefined): number[] =>
    part ? part.split(':').map((group) => Number.parseInt(group, 16)) : []
  const head = numbers(left)
  const tail = numbers(right)
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

/**
 * @param entries such as `10.0.0.0/8`, `::1`, `unix`, `pipe`
 * @throws {ConfigError} PEER_BAD
 */
export function parsePeers(entries: readonly string[], path: string): Peers {
  const list = new BlockList()
  let nameless = false
  entries.forEach((entry, index) => {
    if (entry === 'unix' || entry === 'pipe') {
      nameless = true
      return
    }
    const [address = '', bits] = entry.split('/', 2)
    const version = isIP(address)
    const size = bits === undefined ? (version === 4 ? 32 : 128) : /^[0-9]{1,3}$/.test(bits) ? Number(bits) : Infinity
    if (version === 0 || size > (version === 4 ? 32 : 128)) {
      throw new ConfigError(
        'PEER_BAD',
        `${path}.${index}`,
        `${JSON.stringify(entry)} is no address, network (10.0.0.0/8), \`unix\` or \`pipe\``,
      )
    }
    list.addSubnet(address, size, version === 4 ? 'ipv4' : 'ipv6')
  })
  return {
    size: entries.length,
    has(address) {
      if (address === undefined || address === '') return nameless
      const plain = plainAddress(address)
      return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
    },
  }
}
