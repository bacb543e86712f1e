// Upgrades of a connection to another protocol, such as WebSocket (RFC 9110 7.8, RFC 6455): who asks for one, and the head that grants it.
import type { Duplex } from 'node:stream'
import { AppError, PeerError, SidegateError } from './errors.ts'
import { softwareOf } from './request.ts'
import type { Variables } from './variables.ts'
import { fieldName } from './wire/field-names.ts'
import { checkValue } from './wire/field-values.ts'
import { type Head } from './wire/head.ts'

/** How a connection that was given away ended. Sizes in bytes, without the two heads. */
export interface TunnelEnd {
  readonly received: number
  readonly sent: number
  /** Why it broke; undefined when both sides, or the mount, ended it. */
  readonly error?: Error | undefined
}

/** A connection that was given away: raw bytes both ways. */
export interface GivenConnection extends Duplex {
  /**
   * The gateway stops: it ends as soon as it may. `webSocket`: the mount reads WebSocket frames (RFC 6455), and gets a Close frame as
   * from a client that leaves, which it answers. Of another protocol nobody here knows how it ends.
   */
  retire?(webSocket: boolean): void
}

/**
 * The protocol that a request asks to change to: what the client named, such as `websocket`; undefined for an ordinary request.
 * @param length of its body, as announced; undefined: only its end will tell
 */
export function upgradeAsked(variables: Variables, length: number | undefined): string | undefined {
  if (variables.HTTP_UPGRADE === undefined) return undefined
  // RFC 9110 7.8: what follows is of the new protocol only when the body is complete. Nobody sends one: then it is no upgrade.
  const none = length === 0 || (length === undefined && variables.REQUEST_METHOD === 'GET')
  return none ? protocolNamed(variables) : undefined
}

/**
 * Throws where no connection can be taken over.
 * @param asked what `upgradeAsked` gives
 * @param carried the protocol of the door can carry it
 * @throws {PeerError} UPGRADE_NOT_ASKED (400), UPGRADE_UNSUPPORTED (501)
 */
export function demandUpgrade(
  asked: string | undefined,
  carried: boolean,
  variables: Variables,
  { protocol, address }: { readonly protocol: string; readonly address: string },
): void {
  if (asked === undefined)
    throw new PeerError('UPGRADE_NOT_ASKED', 'the request asks for no other protocol (Upgrade, Connection: Upgrade)')
  if (carried) return
  throw new PeerError(
    'UPGRADE_UNSUPPORTED',
    `the client asks for ${asked}, but ${softwareOf(variables)} speaks ${protocol} to ${address}, which cannot carry it: use HTTP, uwsgi or SCGI there`,
    501,
  )
}

/** Why the exchange of a connection that broke is over. */
export function connectionBroke(error: Error): SidegateError {
  if (error instanceof SidegateError) return error
  return new PeerError('CLIENT_GONE', `the connection broke: ${error.message}`, 499)
}

/**
 * What the fields of a request name, whatever its body.
 * An HTTP/1.0 client cannot change (RFC 9110 7.8). `h2c` is no upgrade any more (RFC 9113 3.1), but clients still offer it with ordinary
 * requests, which are answered as such.
 */
function protocolNamed(variables: Variables): string | undefined {
  const wanted = variables.HTTP_UPGRADE
  if (wanted === undefined) return undefined
  const protocol = /^[ \t,]*([^ \t,]+)/.exec(wanted)?.[1]
  if (protocol === undefined || protocol.toLowerCase() === 'h2c') return undefined
  if (!/(?:^|,)[ \t]*upgrade[ \t]*(?:,|$)/i.test(variables.HTTP_CONNECTION ?? '')) return undefined
  return /^HTTP\/(?:0|1\.0)/.test(variables.SERVER_PROTOCOL ?? '') ? undefined : protocol
}

/** True when what a request asks for is the WebSocket of RFC 6455 (4.2.1); earlier drafts had other frames. */
export function isWebSocket(variables: Variables): boolean {
  return protocolNamed(variables)?.toLowerCase() === 'websocket' && variables.HTTP_SEC_WEBSOCKET_VERSION === '13'
}

/**
 * The head that is sent for a head that a mount gave: `Connection: Upgrade` always, `Upgrade` as given, else the protocol asked for.
 * @throws {AppError} UPGRADE_HEAD for another status than 101, and fields that a 101 cannot have; HEADER_NAME, HEADER_VALUE.
 */
export function upgradeHead({ status, reason, headers }: Head, asked: string): Head {
  if (status !== 101)
    throw new AppError('UPGRADE_HEAD', `the app takes over the connection with status ${status}, not 101`)
  const sent: [string, string][] = []
  let named = false
  for (const [name, value] of headers) {
    const { lower, hop } = fieldName(name)
    checkValue(name, value)
    if (lower === 'connection') continue
    if (lower === 'upgrade') named = true
    // RFC 9110 8.6, RFC 9112 6.1: a 1xx response has neither.
    else if (hop || lower === 'content-length')
      throw new AppError('UPGRADE_HEAD', `the app sent ${name} with status 101, which has no body`)
    sent.push([name, value])
  }
  if (!named) sent.push(['Upgrade', asked])
  sent.push(['Connection', 'Upgrade'])
  return { status, reason: reason || 'Switching Protocols', headers: sent }
}
