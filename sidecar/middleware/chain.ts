// Layers one behind the other, and whoever comes after the last.
import type { Exchange } from '../exchange.ts'
import type { LayerStatus } from '../mounts/mount.ts'
import { allSettled } from '../settled.ts'
import type { Middleware, Next } from './middleware.ts'

/** Hands exchanges to the first layer; the last one's `next` is `last`. */
export function chain(layers: readonly Middleware[], last: Next): Next {
  return layers.reduceRight<Next>((next, layer) => (exchange) => take(layer, exchange, next), last)
}

function take(layer: Middleware, exchange: Exchange, next: Next): void {
  try {
    const pending = layer.handle(exchange, next)
    if (pending) pending.catch((error: unknown) => exchange.fail(error))
  } catch (error) {
    exchange.fail(error)
  }
}

/** Opens them side by side. @throws {ConfigError} what went wrong, when all are settled */
export async function openAll(layers: readonly Middleware[]): Promise<void> {
  await allSettled(layers.map(async (layer) => layer.open?.()))
}

/** Looks at them without starting anything. @throws {ConfigError} as openAll */
export async function checkAll(layers: readonly Middleware[]): Promise<void> {
  await allSettled(layers.map(async (layer) => (layer.check ? layer.check() : layer.open?.())))
}

/** Has them forget what they have stored (`purge` of a layer). @returns how many responses that were */
export function purgeAll(layers: readonly Middleware[], pattern: string): number {
  return layers.reduce((sum, layer) => sum + (layer.purge?.(pattern) ?? 0), 0)
}

/** What they say of themselves, as far as they say something. */
export function statusOf(layers: readonly Middleware[]): LayerStatus[] {
  return layers.flatMap((layer) => layer.status?.() ?? [])
}

/** Closes them; what goes wrong there is of no use to anybody. */
export async function closeAll(layers: readonly Middleware[]): Promise<void> {
  await Promise.allSettled(layers.map(async (layer) => layer.close?.()))
}
