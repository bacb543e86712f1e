// What the supervisor and its gateways say to one another: what has a socket with it and all orders over Node.js' channel between a process and its
// child, all other reports on a line of their own (report-line.ts).
import type { Answered, Ask } from '../admin/control.ts'
import type { Watched } from './file-watch.ts'
import type { LogPlace } from './own-log.ts'
import type { HandedSocket, PassedConnection } from '../succession.ts'

/** The variable that tells a gateway what it was handed; it is taken out of the environment before anything of an app sees it. */
export const HANDED = 'SIDEGATE_GENERATION'

/** What a gateway is handed with its start. */
export interface Handed {
  /** Counted from 1. */
  readonly generation: number
  /** The process that was started as Sidegate. */
  readonly pid: number
  /** It is to be a supervisor itself: another version takes over. */
  readonly supervisor: boolean
  /** Which of the processes of its generation it is, from 0 on. */
  readonly place: number
  /** The file descriptor for its reports. */
  readonly reports: number
  /** Listening sockets by the keys of their listeners. */
  readonly sockets: Readonly<Record<string, HandedSocket>>
}

/** What a gateway says, or a supervisor below another one. */
export type Report =
  /** With the socket itself: it is to be kept for those that follow. */
  | { readonly type: 'socket'; readonly listener: string; readonly file: HandedSocket['file'] }
  | ({ readonly type: 'ready' } & Ready)
  /** It does not come up: what it has printed. */
  | { readonly type: 'failed'; readonly why: string }
  /** The answer to the order of that number. */
  | { readonly type: 'answer'; readonly number: number; readonly answered: Answered }
  /** With the connection itself: the one that follows takes it. */
  | { readonly type: 'connection'; readonly connection: PassedConnection }
  /** What it is to be started anew for has become another. */
  | { readonly type: 'watched'; readonly watched: Watched }
  /** Of a supervisor: it was told to stop by somebody else, or to have another version take over. */
  | { readonly type: 'stopping'; readonly signal: StopSignal }
  | { readonly type: 'upgrade'; readonly signal: string }

/** What is to be known of a gateway that serves. */
export interface Ready {
  /** Which one it is; of a supervisor that of its gateway, which may change: then it says all this again. */
  readonly generation: number
  readonly log: LogPlace
  /** How many processes its generation is to have. */
  readonly processes: number
  /** How many sockets it has sent by then: they come on another way, and are kept only when all are there. */
  readonly sockets: number
  /** The keys of its listeners. */
  readonly listeners: readonly string[]
  /** Milliseconds that it may take from being told to end until it has ended. */
  readonly stopTimeout: number
  /** What it is to be reloaded for, when it changes. */
  readonly watched: Watched
  /** The path of the admin socket; empty: there is to be none. */
  readonly admin: string
}

/** What a gateway is told. */
export type Order =
  /** It is asked something, and answers with that number. */
  | { readonly type: 'ask'; readonly number: number; readonly ask: Ask }
  /** Another one serves: it finishes what it has, and hands over what rests. */
  | { readonly type: 'followed' }
  /** It finishes what it has; nobody follows. A second time: at once. */
  | { readonly type: 'stop'; readonly signal: StopSignal }
  | { readonly type: 'connection'; readonly connection: PassedConnection }
  /** To a supervisor: its next gateway takes over; or, it is the only one from now on. */
  | { readonly type: 'reload'; readonly signal: string }
  | { readonly type: 'alone' }

/** A signal that asks to end. */
export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGQUIT'
