// Tells the protocol of a connection by its first bytes.
import type { GatewayProtocol } from '../wire/codec.ts'

/** More bytes than any protocol needs to be told apart. */
const SNIFF_MAX = 32

/** The protocol that begins like that; `more`: it could be one, once more bytes are here; `none` of them. */
export function recognised(bytes: Buffer, protocols: readonly GatewayProtocol[]): GatewayProtocol | 'more' | 'none' {
  let undecided = false
  for (const protocol of protocols) {
    const recognition = protocol.recognise(bytes)
    if (recognition === 'yes') return protocol
    if (recognition === 'more') undecided = true
  }
  return undecided && bytes.length < SNIFF_MAX ? 'more' : 'none'
}
