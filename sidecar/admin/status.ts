// What the admin interface tells: the shape of `GET /v1/status`.
import type { MountedStatus } from '../mounted.ts'

/** What a gateway says of itself. */
export interface GatewayReport {
  readonly listeners: readonly ListenerReport[]
  readonly mounts: readonly MountedStatus[]
}

export interface ListenerReport {
  /** As in the configuration, with the port that the system chose. */
  readonly address: string
  readonly protocols: readonly string[]
  /** Connections that are open. */
  readonly connections: number
}

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

/** What came of something that was asked for. */
export type Outcome =
  | { readonly done: true; readonly message: string }
  | { readonly done: false; readonly code: string; readonly message: string }

/** What is administered. */
export interface Administered {
  status(): Promise<AdminStatus>
  /** Resolves once the next gateway serves, or has not come up. */
  reload(): Promise<Outcome>
  /** As SIGTERM. */
  stop(): void
}
