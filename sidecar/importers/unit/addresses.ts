// Addresses of clients as Unit's `source` has them → regular expressions for REMOTE_ADDR, which is a text here.
import { isIP, isIPv4 } from 'node:net'
import { literal } from '../../literal.ts'
import { Refused } from './refused.ts'

/** @param text `10.0.0.0/8`, `10.0.0.1`, `10.0.0.1-10.0.0.9`, `::1`, `unix`, without `!`. @throws {Refused} */
export function addressPattern(text: string): string {
  if (text === 'unix') return '^$'
  if (isIP(text) !== 0) return `^${literal(text.toLowerCase())}$`
  const [, network, bits] = /^([0-9.]+)\/([0-9]{1,2})$/.exec(text) ?? []
  if (network !== undefined && isIPv4(network) && Number(bits) <= 32) return networkPattern(network, Number(bits))
  const [, from, to] = /^([0-9.]+)-([0-9.]+)$/.exec(text) ?? []
  if (from !== undefined && to !== undefined && isIPv4(from) && isIPv4(to)) return rangePattern(from, to)
  const why =
    /:[0-9-]+$/.test(text) && !text.includes('::') ? 'a port says nothing here' : 'of IPv6 only whole addresses are'
  throw new Refused(`the address ${text} cannot be matched: ${why}`)
}

function networkPattern(network: string, bits: number): string {
  const octets = network.split('.').map(Number)
  const parts = octets.map((octet, index) => {
    const own = Math.min(8, Math.max(0, bits - index * 8))
    if (own === 8) return String(octet)
    if (own === 0) return '[0-9]+'
    const size = 2 ** (8 - own)
    const low = octet - (octet % size)
    return numbers(low, low + size - 1)
  })
  return `^${parts.join('\\.')}$`
}

/** @throws {Refused} for one that goes over more than the last number */
function rangePattern(from: string, to: string): string {
  const [low, high] = [from, to].map((one) => one.split('.'))
  if (low!.slice(0, 3).join('.') !== high!.slice(0, 3).join('.'))
    throw new Refused(`the addresses ${from}-${to} cannot be matched: write networks`)
  return `^${low!.slice(0, 3).join('\\.')}\\.${numbers(Number(low![3]), Number(high![3]))}$`
}

/** The numbers from one to another, of 0 to 255. */
function numbers(low: number, high: number): string {
  const parts: string[] = []
  for (let ten = Math.floor(low / 10); ten <= Math.floor(high / 10); ten++) {
    const first = Math.max(low - ten * 10, 0)
    const last = Math.min(high - ten * 10, 9)
    parts.push(`${ten === 0 ? '' : ten}${first === last ? first : `[${first}-${last}]`}`)
  }
  return `(?:${parts.join('|')})`
}
