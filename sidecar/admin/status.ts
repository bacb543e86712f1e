// What the admin interface tells: the shapes of its answers. docs/admin.md describes them by schema.ts.
import type { Answered, Ask } from './control.ts'
import type { GatewayReport } from './report.ts'

/** One gateway: below a supervisor there are two of them during a reload. */
export interface GatewayStatus {
  /** Counted from 1. */
  readonly generation: number
  readonly pid: number
  /** `starts`: it does not serve yet; `finishes`: another one serves, or all stops. */
  readonly state: 'starts' | 'serves' | 'finishes'
  /** When it was started; ISO 8601. */
  readonly since: string
  /** Undefined: it did not answer, or cannot yet. */
  readonly report: GatewayReport | undefined
}

/** All of it. */
export interface AdminStatus {
  /** Of Sidegate. */
  readonly version: string
  /** The process that signals go to. */
  readonly pid: number
  readonly supervised: boolean
  readonly gateways: readonly GatewayStatus[]
}

/** What a gateway answered. */
export interface GatewayAnswer {
  readonly generation: number
  readonly answered: Answered
}

/** What came of something that was asked for. */
export type Outcome =
  | { readonly done: true; readonly message: string }
  | { readonly done: false; readonly code: string; readonly message: string }

/** What is administered. */
export interface Administered {
  status(): Promise<AdminStatus>
  /** Asks the gateways that have requests; `serving`: only those that get new ones. */
  ask(ask: Ask, serving: boolean): Promise<readonly GatewayAnswer[]>
  /** Resolves once the next gateway serves, or has not come up. */
  reload(): Promise<Outcome>
  /** As SIGTERM. */
  stop(): void
}
