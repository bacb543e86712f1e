// What a gateway can be asked, and told to do, while it serves: in words that go from process to process.
import type { SidegateError } from '../errors.ts'
import type { LogLevel } from '../log.ts'
import type { MountStack } from '../places.ts'
import type { RequestReport } from '../request-report.ts'
import type { GatewayReport } from './report.ts'

/** What is asked. `mount`: its key in the configuration. */
export type Ask =
  | { readonly what: 'report' }
  | { readonly what: 'requests' }
  /** Without a mount: of all. */
  | { readonly what: 'stacks'; readonly mount: string | undefined }
  | { readonly what: 'reload'; readonly mount: string }
  /** `out` false: it is to be back. */
  | { readonly what: 'drain'; readonly mount: string; readonly out: boolean }
  | { readonly what: 'recycle'; readonly pid: number }
  | { readonly what: 'purge'; readonly url: string }
  | { readonly what: 'log'; readonly level: LogLevel }

/** What came of it. */
export type Answered =
  | { readonly done: true; readonly value: unknown }
  | { readonly done: false; readonly code: string; readonly message: string }

/** A gateway that serves. What it rejects with is said to whoever asked. */
export interface Controlled {
  readonly report: GatewayReport
  readonly requests: readonly RequestReport[]
  /** @throws {ConfigError} MOUNT_UNKNOWN */
  stacks(mount: string | undefined): Promise<readonly MountStack[]>
  /** @throws {ConfigError} as Places.reload */
  reload(mount: string): Promise<void>
  /** @returns how many requests are still in flight there. @throws {ConfigError} MOUNT_UNKNOWN */
  takeOut(mount: string, out: boolean): Promise<number>
  /** @returns false when no mount has such a process. @throws {ConfigError} as Mount.recycle */
  recycle(pid: number): Promise<boolean>
  /** @returns how many stored responses were forgotten */
  purge(url: string): number
  readonly log: { level: LogLevel }
}

/** Asks one. Never rejects. */
export async function askOf(gateway: Controlled, ask: Ask): Promise<Answered> {
  try {
    return { done: true, value: await valueOf(gateway, ask) }
  } catch (error) {
    const { code = 'INTERNAL', message } = error as SidegateError
    return { done: false, code, message }
  }
}

async function valueOf(gateway: Controlled, ask: Ask): Promise<unknown> {
  switch (ask.what) {
    case 'report':
      return gateway.report
    case 'requests':
      return gateway.requests
    case 'stacks':
      return gateway.stacks(ask.mount)
    case 'reload':
      return gateway.reload(ask.mount)
    case 'drain':
      return gateway.takeOut(ask.mount, ask.out)
    case 'recycle':
      return gateway.recycle(ask.pid)
    case 'purge':
      return gateway.purge(ask.url)
    case 'log':
      gateway.log.level = ask.level
      return ask.level
  }
}
