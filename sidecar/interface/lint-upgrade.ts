// sidegate.upgrade, wrapped and checked. The lines with ## are the specification: docs/interface.md is made of them.
import { isThenable } from './chunk.ts'
import { demandFor, show, type Demand } from './lint-error.ts'
import type { LintedHead } from './linted-head.ts'
import type { HeaderTuple, Upgrade, UpgradeServer } from './types.ts'
import { isServer } from './upgrade.ts'

// ##
// ## ## Upgrades
// ##
// ## A client may ask to change to another protocol on its connection: WebSocket, mostly. `sidegate.upgrade` takes the connection over,
// ## in place of startResponse. It is there only in the environ of a request that asks for it, and only where host and protocol carry
// ## it: HTTP, uwsgi and SCGI do, FastCGI, AJP and CGI cannot. An app without it gives an ordinary response.
// ##
// ## ```ts
// ## import { WebSocketServer } from 'ws'
// ##
// ## const server = new WebSocketServer({ noServer: true })
// ##
// ## export const app: Application = async (environ, startResponse) => {
// ##   if (!environ['sidegate.upgrade']) {
// ##     startResponse('400 Bad Request', [['Content-Type', 'text/plain']])
// ##     return ['WebSocket only\n']
// ##   }
// ##   const socket = await environ['sidegate.upgrade'](server)
// ##   socket.on('message', (message) => socket.send(message))
// ##   return []
// ## }
// ## ```
// ##
const app: Demand = demandFor('LINT_UPGRADE', 'app')
const gateway: Demand = demandFor('LINT_UPGRADE', 'gateway')

/** An upgrade that checks how it is called, and remembers that it was. */
export function lintUpgrade(upgrade: Upgrade, head: LintedHead): Upgrade {
  const linted = (...args: unknown[]): unknown => {
    app(args.length <= 1, `sidegate.upgrade takes one argument at most, not ${args.length}`)
    const [given] = args
    // ## - It is called once, and not together with startResponse.
    app(!head.upgraded, 'sidegate.upgrade was called a second time')
    app(!head.started, 'sidegate.upgrade was called after startResponse')
    // ## - `upgrade(headers)` sends `101 Switching Protocols` with these headers and returns the connection as a Duplex of node:stream:
    // ##   raw bytes, both ways. Connection and Upgrade come by themselves; Content-Length and Transfer-Encoding have no place here.
    // ## - `await upgrade(server)` has a server answer that has the method `handleUpgrade`, such as `WebSocketServer` of `ws`, and gives the
    // ##   WebSocket. When the server refuses, it has answered already, and the promise rejects: let it pass.
    const right = given === undefined || Array.isArray(given) || isServer(given)
    app(right, () => `sidegate.upgrade was called with ${show(given)}, neither headers nor a WebSocket server`)
    const connection = upgrade(given as readonly HeaderTuple[] & UpgradeServer<unknown>) as unknown
    head.upgraded = true
    if (isServer(given)) {
      gateway(isThenable(connection), 'sidegate.upgrade returned no promise of a connection')
      return connection
    }
    const duplex = connection as { write?: unknown; read?: unknown } | undefined
    gateway(
      typeof duplex?.write === 'function' && typeof duplex.read === 'function',
      'sidegate.upgrade returned no stream to read and write',
    )
    return connection
  }
  return linted as Upgrade
}

// ## - The app returns an empty body, `[]`, when it likes: the connection lasts until either side closes it, not until the app returns. What
// ##   the app throws after that closes the connection.
