// Who the client is, by what proxies say of it: a list of addresses, of which the nearest proxy wrote the last.
import { isIP } from 'node:net'
import { plainAddress, type Peers } from './peers.ts'

/** A client as a proxy names it. */
export interface ForwardedClient {
  readonly address: string
  /** Empty: it was not said. */
  readonly port: string
}

/** `1.2.3.4`, `1.2.3.4:5678` (Azure, IIS), `::1`, `[::1]`, `[::1]:5678`, each in quotes or not; undefined for anything else. */
export function forwardedClient(text: string): ForwardedClient | undefined {
  const bare = text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
  const parts = /^\[([^\]]*)\](?::([0-9]{1,5}))?$/.exec(bare) ?? /^([0-9.]+):([0-9]{1,5})$/.exec(bare)
  const plain = parts?.[1] ?? bare
  // An address with a zone (RFC 4007 11) means something to the machine alone that wrote it.
  if (isIP(plain) === 0 || plain.includes('%')) return undefined
  return { address: plainAddress(plain.toLowerCase()), port: parts?.[2] ?? '' }
}

/** The values of a list, as in X-Forwarded-For. */
export function forwardedList(list: string | undefined): string[] {
  return list === undefined ? [] : list.split(',').map((one) => one.trim())
}

/**
 * The client: the first from the end that is not itself trusted. Of what is no address (`unknown`, RFC 7239 6.2) nothing is known, nor of what
 * stands before it, which anybody may have written: the search ends there.
 * @param hops of which the nearest proxy wrote the last; undefined: no address
 * @returns undefined where nothing is known beyond the peer itself
 */
export function clientAmong(hops: readonly (ForwardedClient | undefined)[], trust: Peers): ForwardedClient | undefined {
  let client: ForwardedClient | undefined
  for (const hop of hops.toReversed()) {
    if (!hop) break
    client = hop
    if (!trust.has(hop.address)) break
  }
  return client
}
