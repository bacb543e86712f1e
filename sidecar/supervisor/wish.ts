// What a supervisor is asked for, and what with.
import type { GatewayCommand } from './gateway-process.ts'

/** What the processes are started with that one starts. */
export interface Commands {
  readonly gateways: GatewayCommand
  readonly supervisors: GatewayCommand
}

/** What is to come up. */
export interface Wish {
  /** What asked for it, for the log. */
  readonly signal: string
  /** A supervisor of its own, of the version that is installed now. */
  readonly supervisor: boolean
}

/** Who says that it is to stop: a signal or the admin interface, the supervisor above or its end, or the one that has taken this one's place. */
export type StopWay = 'own' | 'above' | 'orphaned' | 'below'
