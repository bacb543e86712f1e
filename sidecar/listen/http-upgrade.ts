// Which requests of the HTTP door may change to another protocol, and how the others become ordinary ones again.
import type { IncomingMessage } from 'node:http'
import { upgradeAsked } from '../upgrade.ts'

/** True for a request that asks for another protocol (upgrade.ts) and has no body. */
export function wantsTunnel({ headers, httpVersion }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) return false
  const { upgrade = '', connection = '' } = headers
  return (
    upgradeAsked({ HTTP_UPGRADE: upgrade, HTTP_CONNECTION: connection, SERVER_PROTOCOL: `HTTP/${httpVersion}` }) !==
    undefined
  )
}

/** The head of a request as it was received, without the Upgrade: to be read again by a parser that has seen none. */
export function plainHead({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.toLowerCase() !== 'upgrade') text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  }
  return Buffer.from(`${text}\r\n`, 'latin1')
}
