// Why the signal of a request fires, in the shape that who is aborted looks for (`AbortController.abort()`, fetch, timers/promises).
import type { SidegateError } from './errors.ts'
import { causeOf } from './thrown.ts'

/** The reason for a signal: an AbortError that has `cause` as its cause. */
export function abortError(cause: SidegateError): DOMException {
  return new DOMException(cause.message, { name: 'AbortError', cause })
}

/** The controller of a request's signal, which has fired already where there is a reason. */
export function controllerFor(reason: SidegateError | undefined): AbortController {
  const controller = new AbortController()
  if (reason) controller.abort(abortError(reason))
  return controller
}

/** True for what an app throws on because `signal` fired: the reason itself, or an error that is made of it. */
export function isAbortOf(signal: AbortSignal | undefined, thrown: unknown): boolean {
  const reason: unknown = signal?.reason
  return reason !== undefined && (thrown === reason || causeOf(thrown) === reason)
}
