// The mount `node`: an unmodified Node (req, res) handler, such as an app of Express, Koa, Connect or Fastify, in this process.
import type { IncomingMessage, ServerResponse } from 'node:http'
import * as v from 'valibot'
import { ConfigError } from '../errors.ts'
import { exportBeside, LOAD_TIMEOUT, loadTarget } from './load.ts'
import type { MountContext, MountKind } from './mount.ts'
import { checkTarget } from './syntax.ts'
import { handleNode, type NodeHandler } from './node/handle.ts'
import { handleUpgrade, type UpgradeListener, type UpgradeTaker } from './node/upgrade.ts'

const settings = v.strictObject({
  node: v.pipe(
    v.string(),
    v.description(
      'The module of the handler, with #name for one of its exports (else: default, app, application, handler, server): a function ' +
        '(req, res), an http.Server, or a Fastify instance. For Koa export app.callback(). WebSockets: an http.Server with a listener ' +
        'for upgrade, or beside the handler an export named upgrade, a function (req, socket, head).',
    ),
  ),
  loadTimeout: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0.001)), LOAD_TIMEOUT / 1000),
    v.description('Seconds the module may take to load.'),
  ),
})

/** What loading gives: the handler, who takes upgrades, and how to stop what stands behind it. */
interface Loaded {
  readonly handler: NodeHandler
  readonly upgrade?: UpgradeTaker | undefined
  readonly close?: () => unknown
}

interface FastifyLike {
  ready(): PromiseLike<unknown>
  readonly server?: ServerLike
  routing(request: IncomingMessage, response: ServerResponse): void
  close(): unknown
}

interface ServerLike {
  emit(event: string, ...values: unknown[]): boolean
  listeners(event: string): unknown[]
  /** Of Node.js 24.9: an option of http.createServer. */
  shouldUpgradeCallback?: ((request: IncomingMessage) => boolean) | undefined
}

type Exported = Partial<FastifyLike & ServerLike & { callback: unknown }> | null | undefined

const isFastify = (object: Exported): object is FastifyLike =>
  typeof object?.routing === 'function' && typeof object.ready === 'function'

const isServer = (object: Exported): object is ServerLike => typeof object?.listeners === 'function'

/** The `upgrade` listeners of a server; they may come and go. */
function upgradesOf(server: ServerLike): UpgradeTaker {
  return {
    wants: (request) =>
      server.listeners('upgrade').length > 0 && server.shouldUpgradeCallback?.call(server, request) !== false,
    take: (request, socket, head) => void server.emit('upgrade', request, socket, head),
  }
}

/**
 * What an export is, by these rules in this order: an object with the methods `routing` and `ready` is a Fastify instance; a function
 * is a handler; an object with listeners for `request` is an http.Server. Nothing else is guessed.
 * @throws {ConfigError} NODE_HANDLER, NODE_READY
 */
async function toHandler(exported: unknown, path: string, target: string): Promise<Loaded> {
  const object = exported as Exported
  if (isFastify(object)) {
    const fastify = object
    try {
      await fastify.ready()
    } catch (error) {
      throw new ConfigError('NODE_READY', path, `${target} did not get ready: ${(error as Error).message}`, {
        cause: error,
      })
    }
    return {
      handler: (request, response) => fastify.routing(request, response),
      upgrade: fastify.server && upgradesOf(fastify.server),
      close: () => fastify.close(),
    }
  }
  if (typeof exported === 'function') return { handler: exported as NodeHandler }
  if (isServer(object) && object.listeners('request').length > 0) {
    const server = object
    return {
      handler: (request, response) => void server.emit('request', request, response),
      upgrade: upgradesOf(server),
    }
  }
  const koa = typeof object?.callback === 'function' ? '; if it is a Koa app, export app.callback()' : ''
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

export const node: MountKind<typeof settings> = {
  kind: 'node',
  summary: 'A Node (req, res) handler: Express, Koa, Fastify, Connect, or your own.',
  settings,
  create({ node: target, loadTimeout }, context: MountContext) {
    let loaded: Loaded | undefined
    return {
      check: () => checkTarget(target, context, 'node'),
      async open() {
        const exported = await loadTarget(target, context, ['app', 'application', 'handler', 'server'], {
          setting: 'node',
          timeout: loadTimeout * 1000,
          isHandler: (object) => isFastify(object) || isServer(object),
        })
        loaded = await withUpgrade(await toHandler(exported, `${context.path}.node`, target), target, context)
      },
      handle(exchange) {
        const { handler, upgrade } = loaded!
        if (upgrade && exchange.variables.HTTP_UPGRADE !== undefined && handleUpgrade(upgrade, exchange)) return
        handleNode(handler, exchange)
      },
      async close() {
        const { close } = loaded ?? {}
        loaded = undefined
        await close?.()
      },
    }
  },
}
