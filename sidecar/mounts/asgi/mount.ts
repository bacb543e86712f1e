// The mount kind `asgi`: an ASGI app (ASGI 3.0) in worker processes of its own, many requests and WebSockets at a time in each.
import type { ConfigError } from '../../errors.ts'
import { PeerError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import type { Command } from '../../processes/process.ts'
import type { StartError } from '../../processes/start-error.ts'
import { isWebSocket } from '../../upgrade.ts'
import { frames } from '../../workers/frames/links.ts'
import { asgi as dialect } from '../../workers/frames/python.ts'
import { WebSockets } from '../../workers/frames/web-socket.ts'
import type { PoolOptions } from '../../workers/pool.ts'
import type { MountContext, MountKind } from '../mount.ts'
import { PoolMount } from '../pool-mount.ts'
import { askPython } from '../python/check.ts'
import { pythonCommand } from '../python/interpreter.ts'
import { startFailure } from '../python/start-failure.ts'
import { lifeOptions, staffOf } from '../worker-settings.ts'
import { asgiClaims } from './claims.ts'
import { asgiSettings, type AsgiSettings } from './settings.ts'

/** How much longer a worker has to cancel by itself the call of a client that is gone, in milliseconds. */
const CANCEL_MS = 5000
/** RFC 6455 4.1: 16 bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/

class AsgiMount extends PoolMount {
  readonly #settings: AsgiSettings
  readonly #context: MountContext

  constructor(settings: AsgiSettings, context: MountContext) {
    super()
    this.#settings = settings
    this.#context = context
  }

  protected async options(): Promise<PoolOptions> {
    const { processes, requests, queue, queueTimeout, startTimeout, stopTimeout, abortTimeout, stuckTimeout } =
      this.#settings
    const { ping, ...webSockets } = this.#settings.webSockets
    const { log, key, source } = this.#context
    const { WebSocketServer } = await import('ws')
    const spoken = new WebSockets(WebSocketServer, { ...webSockets, ping: ping * 1000 })
    return {
      command: await this.#command('asgi'),
      speech: frames({ requests, silence: stuckTimeout * 1000, dialect: dialect(spoken) }),
      ...staffOf(processes),
      threads: requests,
      placesName: 'requests',
      connections: 1,
      queue,
      queueTimeout: queueTimeout * 1000,
      startTimeout: startTimeout * 1000,
      stopTimeout: stopTimeout * 1000,
      abortTimeout: abortTimeout * 1000 + CANCEL_MS,
      ...lifeOptions(this.#settings, this.#context),
      name: 'ASGI worker',
      mount: key,
      log,
      source,
    }
  }

  async check(): Promise<void> {
    const wrong = await askPython(await this.#command('check'), this.#settings.startTimeout * 1000)
    if (wrong) throw this.configError(wrong)
  }

  override handle(exchange: Exchange): void | Promise<void> {
    if (exchange.upgradeAsked?.toLowerCase() === 'websocket') demandWebSocket(exchange)
    return super.handle(exchange)
  }

  #command(does: 'asgi' | 'check'): Promise<Command> {
    const { asgi: app, requests, abortTimeout, loop, lifespan } = this.#settings
    const options = [`requests=${requests}`, `abort=${abortTimeout}`, `loop=${loop}`, `lifespan=${lifespan}`]
    return pythonCommand({ kind: 'asgi', app, does, options }, this.#settings, this.#context)
  }

  protected configError(error: StartError): ConfigError {
    return startFailure(error, 'asgi', this.#settings.asgi, this.#settings, this.#context)
  }
}

/** @throws {PeerError} WEBSOCKET_VERSION, WEBSOCKET_KEY, UPGRADE_UNSUPPORTED */
function demandWebSocket(exchange: Exchange): void {
  const { variables } = exchange
  if (!isWebSocket(variables)) {
    // RFC 6455 4.4
    const headers = [['Sec-WebSocket-Version', '13']] as const
    throw new PeerError('WEBSOCKET_VERSION', 'the client speaks another version of WebSocket than 13', 426, { headers })
  }
  if (!KEY.test(variables.HTTP_SEC_WEBSOCKET_KEY ?? ''))
    throw new PeerError('WEBSOCKET_KEY', 'the client asks for a WebSocket without a Sec-WebSocket-Key of 16 bytes')
  exchange.demandUpgradable()
}

/** ASGI apps. */
export const asgi: MountKind<typeof asgiSettings> = {
  kind: 'asgi',
  summary: 'A Python ASGI app (FastAPI, Starlette, Quart, Django, …) in worker processes, WebSockets included.',
  settings: asgiSettings,
  hasWorkers: true,
  loads: true,
  claims: asgiClaims,
  create: (settings, context) => new AsgiMount(settings, context),
}
