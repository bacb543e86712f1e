// Whom a request counts for: its client's address, the value of a variable, or everybody.
import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { addressGroups, plainAddress } from '../../peers.ts'
import type { Variables } from '../../variables.ts'

/** Longer values count by their digest: clients choose them. */
const VALUE_MAX = 64

/** Gives the key of a request. */
export type KeyOf = (variables: Variables) => string

/**
 * What a setting means.
 * @param key `address`, `all`, or the name of a variable; requests that have none of that count by their addresses
 * @param bits of an IPv6 address, by which clients are told apart
 */
export function keyOf(key: string, bits: number): KeyOf {
  if (key === 'all') return () => ''
  if (key === 'address') return ({ REMOTE_ADDR: address }) => addressKey(address ?? '', bits)
  return (variables) => {
    const value = variables[key]
    if (!value) return addressKey(variables.REMOTE_ADDR ?? '', bits)
    // No address looks like that.
    return value.length > VALUE_MAX ? `#${createHash('sha256').update(value).digest('base64')}` : `=${value}`
  }
}

/** One key for all addresses that one client may have: of IPv6 a network. What is no address has the key of no address. */
export function addressKey(address: string, bits: number): string {
  const plain = plainAddress(address.split('%', 1)[0]!.toLowerCase())
  const version = isIP(plain)
  if (version === 4) return plain
  if (version === 0) return ''
  const groups = addressGroups(dotted(plain))
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xff_ff) {
    const [high, low] = [groups[6]!, groups[7]!]
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  }
  const kept = groups.slice(0, Math.ceil(bits / 16))
  const rest = bits % 16
  if (rest > 0) kept[kept.length - 1]! &= 0xff_ff << (16 - rest)
  return `${kept.map((group) => group.toString(16)).join(':')}::/${bits}`
}

/** The end may be written as an IPv4 address (RFC 4291 2.2). */
function dotted(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) => {
    const group = (high: string, low: string): string => (Number(high) * 256 + Number(low)).toString(16)
    return `${group(a, b)}:${group(c, d)}`
  })
}
