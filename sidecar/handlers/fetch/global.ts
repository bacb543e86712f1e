// `new Request(request)` and `fetch(request)` look into private fields of the platform's Request, which a light one has not: where they
// stand in the global object, they get what stands behind it. `instanceof`, `extends` and everything else is the platform's.
import { delegate, LightHeaders } from './headers.ts'
import { LightRequest } from './request.ts'

let done = false

/** Has the global `Request` and `fetch` take light requests. Once a process. */
export function acceptLightRequests(): void {
  if (done) return
  done = true
  const { Request: platformRequest, Headers: platformHeaders, fetch: platformFetch } = globalThis
  delegate(LightHeaders.prototype, platformHeaders.prototype)
  delegate(LightRequest.prototype as unknown as { native(): Request }, platformRequest.prototype)
  globalThis.Request = new Proxy(platformRequest, {
    construct: (target, [input, ...rest], newTarget) =>
      Reflect.construct(target, [platform(input), ...rest], newTarget),
  })
  globalThis.fetch = new Proxy(platformFetch, {
    apply: (target, self, [input, ...rest]) => Reflect.apply(target, self, [platform(input), ...rest]),
  })
}

function platform(input: unknown): unknown {
  return input instanceof LightRequest ? input.native() : input
}
