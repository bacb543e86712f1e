// Hands a request that asks for another protocol to who listens for it, as the `upgrade` event of an http.Server does.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Exchange } from '../../exchange.ts'
import { makeRequest } from './messages.ts'
import { UpgradeSocket } from './upgrade-socket.ts'

/** A listener as of `server.on('upgrade')`. It answers on the socket; what it returns is of interest only when it is a promise that rejects. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown

/** Who takes upgrades. */
export interface UpgradeTaker {
  /** Whether this request is one for `take`; else it is an ordinary one. */
  wants(request: IncomingMessage): boolean
  readonly take: UpgradeListener
}

const NOTHING = Buffer.alloc(0)

/**
 * Answers an exchange with an upgrade listener. Bytes that the client sent early come from the socket, so `head` is empty.
 * @returns false when the request is an ordinary one: nothing has been done with it.
 * @throws {PeerError} UPGRADE_UNSUPPORTED when the listener would take it and the protocol of the door cannot carry it.
 */
export function handleUpgrade(taker: UpgradeTaker, exchange: Exchange): boolean {
  if (exchange.aborted || exchange.upgradeAsked === undefined) return false
  const socket = new UpgradeSocket(exchange)
  const request = makeRequest(exchange, socket) as IncomingMessage & { upgrade?: boolean }
  request.upgrade = true
  if (!taker.wants(request)) return false
  exchange.demandUpgradable()
  exchange.onAbort(() => socket.lost())
  try {
    const pending = taker.take(request, socket, NOTHING) as PromiseLike<unknown> | undefined
    if (typeof pending?.then === 'function') pending.then(undefined, (error: unknown) => socket.fail(error))
  } catch (error) {
    socket.fail(error)
  }
  return true
}
