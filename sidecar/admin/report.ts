// What a gateway says of itself: the inner part of `GET /v1/status`.
import type { LogLevel } from '../log.ts'
import type { MountedStatus } from '../mounted.ts'
import type { LayerStatus } from '../mounts/mount.ts'

/** What a gateway says of itself. */
export interface GatewayReport {
  readonly listeners: readonly ListenerReport[]
  readonly mounts: readonly MountedStatus[]
  /** The layers in front of all mounts that have something to say. */
  readonly layers: readonly LayerStatus[]
  /** Resident memory of its process, in bytes. */
  readonly memory: number
  /** From which level on the log has records. */
  readonly logLevel: LogLevel
}

export interface ListenerReport {
  /** As in the configuration, with the port that the system chose. */
  readonly address: string
  readonly protocols: readonly string[]
  /** Connections that are open. */
  readonly connections: number
}
