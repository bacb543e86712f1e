// Answers whether requests should come here: what balancers and Kubernetes ask before they send some.
import type { PlacedMount } from './mounted.ts'

const READY = { status: 200, reason: 'OK' }
const LEAVING = { status: 503, reason: 'Service Unavailable' }
const HEADERS = [
  ['Content-Type', 'text/plain; charset=utf-8'],
  ['Cache-Control', 'no-store'],
] as const

/** A mount at a place that says 200, or 503 once `leaving` is true. */
export function readinessMount(key: string, leaving: () => boolean): PlacedMount {
  return {
    key,
    mount: {
      async open() {},
      handle(exchange) {
        const head = leaving() ? LEAVING : READY
        exchange.respond({ ...head, headers: [...HEADERS] })
        exchange.end(Buffer.from(head === READY ? 'ready\n' : 'leaving\n'))
      },
      async close() {},
    },
  }
}
