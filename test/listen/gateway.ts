// A gateway in this process, with mounts that are one function each, and what it logged.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { onTestFinished } from 'vitest'
import type { Exchange } from '../../sidecar/exchange.ts'
import { Gateway, type GatewayOptions } from '../../sidecar/gateway.ts'
import { LIMITS, type Limits } from '../../sidecar/listen/limits.ts'
import { listenerSettings, type ListenerSettings } from '../../sidecar/listen/settings.ts'
import { Log } from '../../sidecar/log.ts'
import type { Mount } from '../../sidecar/mounts/mount.ts'

export type Handler = (exchange: Exchange) => void | Promise<void>

export interface TestGateway {
  readonly gateway: Gateway
  /** The address of each listener, with the port it got. */
  readonly addresses: string[]
  /** Error records, parsed. */
  readonly errors: Record<string, string>[]
  /** Access records, parsed; complete after `gateway.log.flush()`. */
  readonly accesses: Record<string, unknown>[]
}

let limits: Limits = LIMITS

/** What the gateways of this test that start from now on have for limits, in milliseconds. */
export function limit(some: Partial<Limits>): void {
  limits = { ...limits, ...some }
  onTestFinished(() => void (limits = LIMITS))
}

/** A fresh folder, removed after the test. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A listener's settings with the defaults filled in. */
export function listener(settings: string | Partial<ListenerSettings>): ListenerSettings {
  return v.parse(listenerSettings, typeof settings === 'string' ? { address: settings } : settings)
}

export function mountOf(handle: Handler): Mount {
  return { open: async () => {}, handle, close: async () => {} }
}

/** Starts a gateway; it is closed after the test. */
export async function startGateway(
  listen: (string | Partial<ListenerSettings>)[],
  handlers: Record<string, Handler> | Handler,
  options: Partial<GatewayOptions> = {},
): Promise<TestGateway> {
  const errors: Record<string, string>[] = []
  const accesses: Record<string, unknown>[] = []
  const lines = (into: object[]) => ({
    write: (text: string) => text.split('\n').forEach((line) => line && into.push(JSON.parse(line))),
  })
  const log = new Log('json', lines(accesses), lines(errors))
  const table = typeof handlers === 'function' ? { '/': handlers } : handlers
  const gateway = new Gateway({
    listen: listen.map(listener),
    mounts: Object.entries(table).map(([key, handle]) => ({ key, mount: mountOf(handle) })),
    log,
    limits,
    ...options,
  })
  onTestFinished(() => gateway.close())
  await gateway.start()
  return { gateway, addresses: gateway.addresses.map(({ text }) => text), errors, accesses }
}

/** Answers with one piece of text. */
export function text(body: string): Handler {
  return (exchange) => {
    exchange.respond({ status: 200, reason: 'OK', headers: [['Content-Type', 'text/plain']] })
    exchange.end(body)
  }
}
