// Layers of users: modules that `use` names by their files, loaded as apps are.
import * as v from 'valibot'
import { ConfigError, LayerError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { lintByDefault } from '../../lint-by-default.ts'
import { LOAD_TIMEOUT, loadTarget } from '../../mounts/load.ts'
import { checkTarget } from '../../mounts/syntax.ts'
import { settledWithin } from '../../settled.ts'
import { messageOf } from '../../thrown.ts'
import type { Middleware, MiddlewareContext, MiddlewareKind, Next } from '../middleware.ts'
import { OwnRequest, raised, type Owner } from './request.ts'
import { Rules } from './rules.ts'
import type { Layer, LayerFactory, LayerRequest } from './types.ts'

const settings = v.record(v.string(), v.unknown())

/** What entries of `use` are like that name a file: there is a slash in them, or they end as modules do. */
export const LAYER_FILE = '[/\\\\]|\\.[cm]?[jt]s(#[A-Za-z_$][\\w$]*)?$'

const FILE = new RegExp(LAYER_FILE)

/** True for an entry of `use` that names a file. */
export function isLayerFile(name: string): boolean {
  return FILE.test(name)
}

/** The kind of a layer in a file; `target`: the file, and behind a # the name of its export (else: default, layer). */
export function ownLayer(target: string): MiddlewareKind<string, typeof settings, never> {
  return {
    name: target,
    summary: `The layer of ${target}.`,
    settings,
    create: (own, context) => new OwnLayer(target, own, context),
  }
}

class OwnLayer implements Middleware {
  readonly #target: string
  readonly #settings: Record<string, unknown>
  readonly #context: MiddlewareContext
  readonly #owner: Owner
  #layer: Layer | undefined

  constructor(target: string, own: Record<string, unknown>, context: MiddlewareContext) {
    this.#target = target
    this.#settings = own
    this.#context = context
    this.#owner = { name: target, rules: lintByDefault() ? new Rules(target) : undefined }
  }

  check(): Promise<void> {
    return checkTarget(this.#target, this.#context)
  }

  async open(): Promise<void> {
    const { exported } = await loadTarget(this.#target, this.#context, ['layer'], {
      isHandler: (object) => isLayer(object),
    })
    const made = await this.#intime(() => this.#make(exported))
    if (!isLayer(made)) throw this.#shape(exported, made)
    this.#layer = made
    await this.#intime(() => made.open?.())
  }

  handle(exchange: Exchange, next: Next): void | Promise<void> {
    const handed: Exchange[] = []
    const give = (given: LayerRequest): void => {
      const inner = OwnRequest.exchangeOf(given, this.#owner)
      this.#owner.rules?.next(inner)
      if (handed.includes(inner)) {
        const message = `the layer ${this.#target} called next twice with the same request: it is with the app already`
        throw new LayerError('LAYER_REQUEST', message)
      }
      handed.push(inner)
      if (!inner.over) next(inner)
    }
    const request = new OwnRequest(exchange, this.#owner)
    let pending: void | Promise<void>
    try {
      pending = this.#layer!.handle(request, give)
    } catch (error) {
      throw raised(error, this.#target)
    }
    if (pending === undefined) return
    return Promise.resolve(pending).then(
      () => {
        if (handed.length > 0 || exchange.over || exchange.state !== 'open') return
        const message = `the layer ${this.#target} neither answered the request nor handed it on before its promise was settled`
        throw new LayerError('LAYER_SILENT', message)
      },
      (error: unknown) => {
        throw raised(error, this.#target)
      },
    )
  }

  async close(): Promise<void> {
    const layer = this.#layer
    this.#layer = undefined
    await layer?.close?.()
  }

  /** What the export makes, or is. */
  #make(exported: unknown): unknown {
    if (typeof exported !== 'function') {
      if (Object.keys(this.#settings).length === 0) return exported
      const message = `${this.#target} exports a layer that is made already, and takes no settings: export a function (settings) that makes it`
      throw new ConfigError('LAYER_SHAPE', this.#context.path, message)
    }
    const { mount, directory, log } = this.#context
    return (exported as LayerFactory)(this.#settings, { mount, directory, log })
  }

  /** @throws {ConfigError} LAYER_FAILED for what the module throws, and when it takes too long */
  async #intime<Value>(work: () => Value | Promise<Value>): Promise<Value> {
    const { path } = this.#context
    let late = false
    try {
      const pending = Promise.resolve(work())
      await settledWithin(LOAD_TIMEOUT, pending, () => (late = true))
      if (late) throw new Error(`it did not get ready within ${LOAD_TIMEOUT / 1000} s`)
      return await pending
    } catch (error) {
      if (error instanceof ConfigError) throw error
      throw new ConfigError('LAYER_FAILED', path, `${this.#target}: ${messageOf(error)}`, { cause: error })
    }
  }

  #shape(exported: unknown, made: unknown): ConfigError {
    const what = typeof exported === 'function' ? 'makes' : 'exports'
    const hint =
      typeof made === 'function'
        ? '; a function from app to app is no layer: it goes round an app in its own module (docs/interface.md)'
        : ''
    const message = `${this.#target} ${what} ${nameOf(made)}, not a layer: an object with a method handle(request, next)${hint}`
    return new ConfigError('LAYER_SHAPE', this.#context.path, message)
  }
}

function isLayer(value: unknown): value is Layer {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Layer>).handle === 'function'
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return typeof value === 'object'
    ? `an object with ${Object.keys(value).join(', ') || 'nothing'}`
    : `a ${typeof value}`
}
