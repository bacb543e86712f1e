// The headers of a request, answered from its variables. Real Headers cost more than all the rest of a small request: they are made
// when more than get and has is asked for.
import { inspect } from 'node:util'
import { fieldValue, rawFields } from '../../fields.ts'
import { isChunked } from '../framing.ts'
import type { Handled } from '../handled.ts'

const NAME = /^[a-z0-9-]+$/i

/** Passes for Headers (`instanceof` holds) where methods are called; `native` gives the real ones. */
export class LightHeaders {
  readonly #exchange: Handled
  #native: Headers | undefined

  constructor(exchange: Handled) {
    this.#exchange = exchange
  }

  get(name: string): string | null {
    if (this.#native || !NAME.test(name) || isFraming(name)) return this.native().get(name)
    return fieldValue(this.#exchange.variables, name) ?? null
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }

  native(): Headers {
    return (this.#native ??= nativeHeaders(this.#exchange))
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.native()[Symbol.iterator]()
  }

  [inspect.custom](_depth: number, options: object): string {
    return inspect(this.native(), options)
  }
}

function isFraming(name: string): boolean {
  return name.length === 17 && name.toLowerCase() === 'transfer-encoding'
}

/** Real headers of a request. */
export function nativeHeaders(exchange: Handled): Headers {
  const raw = rawFields(exchange.variables, isChunked(exchange))
  const pairs: [string, string][] = []
  for (let i = 0; i < raw.length; i += 2) pairs.push([raw[i]!, raw[i + 1]!])
  return new Headers(pairs)
}

/**
 * Puts `native` behind `light`: `instanceof` holds, and what `light` does not do itself is done by what its `native()` gives.
 * Private fields of the platform's classes cannot be reached through a prototype.
 */
export function delegate<T extends object>(light: { native(): T }, native: T): void {
  for (const key of Reflect.ownKeys(native)) {
    if (key === 'constructor' || key === Symbol.toStringTag || Object.hasOwn(light, key)) continue
    const { get, value } = Object.getOwnPropertyDescriptor(native, key)!
    const property: PropertyDescriptor = { configurable: true, enumerable: true }
    if (get) {
      property.get = function (this: typeof light) {
        return Reflect.get(this.native(), key)
      }
    } else if (typeof value === 'function') {
      property.value = function (this: typeof light, ...args: unknown[]) {
        const target = this.native()
        return Reflect.apply(Reflect.get(target, key) as () => unknown, target, args)
      }
    } else continue
    Object.defineProperty(light, key, property)
  }
  Object.setPrototypeOf(light, native)
}
