// `sidegate.upgrade`: takes over the connection of a request that asks for another protocol (docs/interface.md, "Upgrades").
import { PeerError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { handleUpgrade } from '../handlers/node/upgrade.ts'
import { checkPairs } from './start-response.ts'
import type { HeaderTuple, Upgrade, UpgradeServer } from './types.ts'

/** The upgrade of one call of an app. It throws what `exchange.upgrade` throws, and AppError HEADER_LIST. */
export function upgradeFor(exchange: Exchange): Upgrade {
  const upgrade = (given: readonly HeaderTuple[] | UpgradeServer<unknown> = []): unknown => {
    if (isServer(given)) return accept(exchange, given)
    checkPairs(given)
    return exchange.upgrade({ status: 101, reason: '', headers: given })
  }
  return upgrade as Upgrade
}

/** True for what answers upgrades itself, as `WebSocketServer` of `ws`. */
export function isServer(given: unknown): given is UpgradeServer<unknown> {
  return typeof (given as Partial<UpgradeServer<unknown>> | null | undefined)?.handleUpgrade === 'function'
}

function accept(exchange: Exchange, server: UpgradeServer<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const refused = (): void => reject(new PeerError('UPGRADE_REFUSED', 'the upgrade was refused', 400))
    const taken = handleUpgrade(
      {
        wants: () => true,
        take(request, socket, head) {
          socket.once('close', refused)
          server.handleUpgrade(request, socket, head, (connection) => {
            socket.off('close', refused)
            resolve(connection)
          })
        },
      },
      exchange,
    )
    if (!taken) refused()
  })
}
