// What a row of the bench is.
import type { ChildProcess } from 'node:child_process'
import type { SocketEndpoint } from '../../sidecar/address.ts'

/** What a row is given to start its server with. */
export interface Place {
  /** A folder of its own, for sockets and config files. */
  readonly folder: string
  /** A free TCP port on 127.0.0.1. */
  readonly port: number
  /** Another one, for the server behind it. */
  readonly backendPort: number
  readonly workers: number
  /** The program to measure. */
  readonly sidegate: string
  /** Sidegate is below a supervisor, as it is in production; other rows do not differ. */
  readonly supervised?: boolean
  /** Options of Node.js for the main process, such as --cpu-prof. */
  readonly nodeOptions: readonly string[]
}

/** A server that was started, but need not listen yet. */
export interface Started {
  readonly endpoint: SocketEndpoint
  readonly process: ChildProcess
  /** The server behind it, where there is one. */
  readonly backend?: Started
}

/** How nginx reaches a server. */
export type Protocol = 'uwsgi' | 'http' | 'fastcgi' | 'scgi'

/** One server behind nginx. */
export interface Row {
  readonly name: string
  /** For the table. */
  readonly title: string
  /** How nginx reaches it. */
  readonly protocol: Protocol
  /** Whether latency at concurrency 1 is measured as well. */
  readonly latency: boolean
  /** Worker processes answer: nginx takes whole bodies for them, as `plug nginx` has it for `python`, `run` and `cgi`. */
  readonly buffered: boolean
  /** It runs the program that is measured. */
  readonly ours: boolean
  /** SIGHUP has it load its app anew. Default: false. */
  readonly reloads?: boolean
  /** Measured only where it is asked for by name. Default: false. */
  readonly apart?: boolean
  /** Why it cannot run here and what to install; undefined: it can. */
  missing(): string | undefined
  start(place: Place): Started
}

/** What the name of a row of the earlier program ends with. */
export const BEFORE = '-before'

/** The same row, run by the earlier `program`. */
export function rowBefore(row: Row, program: string): Row {
  return {
    ...row,
    name: `${row.name}${BEFORE}`,
    title: `${row.title}, before`,
    start: (place) => row.start({ ...place, sidegate: program }),
  }
}
