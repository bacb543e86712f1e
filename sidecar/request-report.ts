// A request that is not over, as whoever looks at a gateway has it.
import type { Exchange } from './exchange.ts'

/** A request that is not over. */
export interface RequestReport {
  /** As in logs and error pages. */
  readonly id: string
  /** The key of the mount that has it; empty while the layers of the gateway have it. */
  readonly mount: string
  readonly method: string
  /** As the client sent it. */
  readonly uri: string
  readonly host: string
  /** The address of the client, as the web server in front gave it. */
  readonly client: string
  /** What the web server in front speaks. */
  readonly protocol: string
  /** Milliseconds since its head had arrived. */
  readonly age: number
  /** `open`: no head of a response; `held`: a head that is not sent; `sent`: the body is on its way; `upgraded`: a WebSocket, or another protocol. */
  readonly state: 'open' | 'held' | 'sent' | 'upgraded'
  /** Body bytes that came, and that were sent. */
  readonly received: number
  readonly sent: number
  /** The worker process that has it; undefined: none has, or needs to. */
  readonly pid?: number | undefined
}

/** `now`: as performance.now(). */
export function requestReport(exchange: Exchange, now: number): RequestReport {
  const { method, uri, host, remote } = exchange.logged
  let outer = exchange
  while (outer.outer) outer = outer.outer
  let pid: number | undefined
  for (let one: Exchange | undefined = exchange; one; one = one.inner) pid ??= one.pid
  return {
    id: exchange.id,
    mount: exchange.mount?.key ?? '',
    method,
    uri,
    host,
    client: remote,
    protocol: exchange.door.protocol,
    age: Math.round(now - outer.started),
    state: exchange.state as RequestReport['state'],
    received: outer.body.received,
    sent: outer.sent,
    pid,
  }
}
