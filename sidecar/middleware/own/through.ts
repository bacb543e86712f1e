// `through` of the package. What it is given comes from a gateway that may have been installed elsewhere: it asks that one.
import type { LayerHooks, LayerRequest, PassedOn } from './types.ts'

/** Under this name requests have it, whatever copy of the package they come from. */
export const THROUGH: unique symbol = Symbol.for('sidegate.layer.through')

/** A request with what `through` asks for. */
export interface Throughable {
  [THROUGH](hooks: LayerHooks, passed: PassedOn): LayerRequest
}

/**
 * A request that answers through another one, to be handed on in its place: `hooks` see the response, `passed` is what of the request is
 * another one. One may be made after another, as long as no head was sent: the one before ends.
 * @param request what a layer was given, or one that was made of it
 * @throws {TypeError} when it is none
 */
export function through(request: LayerRequest, hooks: LayerHooks, passed: PassedOn = {}): LayerRequest {
  const make = (request as LayerRequest & Partial<Throughable>)[THROUGH]
  if (typeof make !== 'function') throw new TypeError('through is given a request that a layer of Sidegate has')
  return make.call(request, hooks, passed)
}
