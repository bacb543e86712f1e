// A Node (req, res) handler, in this process.
import { LOADED_ONCE } from './in-process.ts'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import { ConfigError } from '../../errors.ts'
import { connectionSettings } from '../../handlers/node/connection-settings.ts'
import { handleNode, serverOf, type NodeHandler } from '../../handlers/node/handle.ts'
import { handleUpgrade, type UpgradeListener, type UpgradeTaker } from '../../handlers/node/upgrade.ts'
import { messageOf } from '../../thrown.ts'
import { atRoot } from '../../variables.ts'
import { exportBeside, loadTarget, splitTargetName } from '../load.ts'
import type { Mount, MountContext } from '../mount.ts'
import { checkTarget } from '../syntax.ts'
import { aliasUnitHttp } from '../unit-http/alias.ts'
import { Server as UnitServer } from '../unit-http/http.ts'
import { listeningOf } from '../unit-http/listening.ts'

/** What of the settings counts where the handler runs. */
export interface NodeSettings {
  readonly node: string
  readonly keepPrefix: boolean
  /** Seconds. */
  readonly loadTimeout: number
}

/** What loading gives: the server whose events are emitted, who takes upgrades, and how to stop what stands behind it. */
interface Loaded {
  readonly server: Server
  readonly upgrade?: UpgradeTaker | undefined
  readonly close?: () => unknown
}

interface FastifyLike {
  ready(): PromiseLike<unknown>
  readonly server?: Server
  routing(request: IncomingMessage, response: ServerResponse): void
  close(): unknown
}

/** Of Node.js 24.9: an option of http.createServer. */
interface Choosy {
  shouldUpgradeCallback?: ((request: IncomingMessage) => boolean) | undefined
}

const has = (value: unknown, method: string): boolean =>
  typeof (value as Record<string, unknown> | null | undefined)?.[method] === 'function'

const isFastify = (value: unknown): value is FastifyLike => has(value, 'routing') && has(value, 'ready')

const isServer = (value: unknown): value is Server => has(value, 'listeners')

/** The `upgrade` listeners of a server; they may come and go. */
function upgradesOf(server: Server & Choosy): UpgradeTaker {
  return {
    wants: (request) =>
      server.listeners('upgrade').length > 0 && server.shouldUpgradeCallback?.call(server, request) !== false,
    take: (request, socket, head) => void server.emit('upgrade', request, socket, head),
  }
}

/**
 * What an export is, by these rules in this order: an object with the methods `routing` and `ready` is a Fastify instance; a function
 * is a handler; an object with listeners for `request` or `upgrade` is an http.Server. Nothing else is guessed.
 * @throws {ConfigError} NODE_HANDLER, NODE_READY
 */
async function toHandler(exported: unknown, path: string, target: string): Promise<Loaded> {
  if (isFastify(exported)) {
    const fastify = exported
    try {
      await fastify.ready()
    } catch (error) {
      throw new ConfigError('NODE_READY', path, `${target} did not get ready: ${messageOf(error)}`, {
        cause: error,
      })
    }
    const { server } = fastify
    return {
      // One that a serverFactory made may hand its requests on by other ways.
      server: server?.listenerCount('request')
        ? server
        : serverOf((request, response) => fastify.routing(request, response)),
      upgrade: server && upgradesOf(server),
      close: () => fastify.close(),
    }
  }
  if (typeof exported === 'function') return { server: serverOf(exported as NodeHandler) }
  if (isServer(exported) && ['request', 'upgrade'].some((event) => exported.listeners(event).length > 0))
    return { server: exported, upgrade: upgradesOf(exported) }
  const koa = has(exported, 'callback') ? '; if it is a Koa app, export app.callback()' : ''
  throw new ConfigError('NODE_HANDLER', path, `${target} exports ${kindOf(exported)}, not a function (req, res)${koa}`)
}

/** The export `upgrade` of the module, a listener as of `server.on('upgrade')`; it counts where the handler brings none. */
async function withUpgrade(loaded: Loaded, target: string, context: MountContext): Promise<Loaded> {
  if (loaded.upgrade) return loaded
  const exported = await exportBeside(target, context, 'upgrade')
  if (exported === undefined) return loaded
  if (typeof exported === 'function')
    return { ...loaded, upgrade: { wants: () => true, take: exported as UpgradeListener } }
  const message = `${target} exports ${kindOf(exported)} as upgrade, not a function (req, socket, head)`
  throw new ConfigError('NODE_HANDLER', `${context.path}.node`, message)
}

function kindOf(value: unknown): string {
  return value === null
    ? 'null'
    : typeof value === 'object'
      ? `an object of ${value.constructor?.name ?? 'no class'}`
      : typeof value
}

function warnOfSettings(server: Server, context: MountContext): void {
  const settings = connectionSettings(server)
  if (settings.length === 0) return
  const message = `without effect on the exported http.Server, as its connections are the gateway's: ${settings.join(', ')}`
  context.log.warn(message, { code: 'NODE_SERVER', blame: 'app', mount: context.key })
}

/**
 * The handler of a target: what it exports; of an app written for NGINX Unit the server that it has told to listen, unless it names an export.
 * In an object, as loadTarget has it.
 * @throws {ConfigError} NODE_HANDLER, and those of loadTarget
 */
async function load(target: string, context: MountContext, timeout: number): Promise<{ readonly exported: unknown }> {
  aliasUnitHttp()
  const { file, name } = splitTargetName(target)
  const unit = listeningOf(resolve(context.directory, file))
  const late = performance.now() + timeout
  try {
    const { exported } = await loadTarget(target, context, ['app', 'application', 'handler', 'server'], {
      setting: 'node',
      timeout,
      isHandler: (object) => isFastify(object) || isServer(object),
    })
    return { exported: name === undefined ? (unit.server ?? exported) : exported }
  } catch (error) {
    const isSilent = error instanceof ConfigError && error.code === 'TARGET_EXPORT' && name === undefined
    if (!isSilent || !(unit.server || unit.isExpected)) throw error
  }
  // It may have to wait for a database first.
  const server = await unit.wait(late - performance.now())
  if (server) return { exported: server }
  const message = `${file} exports nothing, and no server of unit-http was told to listen within ${timeout} ms`
  throw new ConfigError('NODE_HANDLER', `${context.path}.node`, message)
}

/** The mount. */
export function nodeHere({ node: target, keepPrefix, loadTimeout }: NodeSettings, context: MountContext): Mount {
  let loaded: Loaded | undefined
  return {
    stays: LOADED_ONCE,
    check: () => checkTarget(target, context, 'node'),
    async open() {
      const { exported } = await load(target, context, loadTimeout * 1000)
      // An app of Express is a function that has listeners too, and no connections.
      const isHandler = typeof exported === 'function' || isFastify(exported)
      if (isServer(exported) && !isHandler && !(exported instanceof UnitServer)) warnOfSettings(exported, context)
      loaded = await withUpgrade(await toHandler(exported, `${context.path}.node`, target), target, context)
    },
    handle(exchange) {
      if (keepPrefix) exchange.variables = atRoot(exchange.variables)
      const { server, upgrade } = loaded!
      if (upgrade && exchange.variables.HTTP_UPGRADE !== undefined && handleUpgrade(upgrade, exchange)) return
      handleNode(server, exchange)
    },
    async close() {
      const { close } = loaded ?? {}
      loaded = undefined
      await close?.()
    },
  }
}
