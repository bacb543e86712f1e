// What the scheduler and the workers know of the way to a worker, whatever it speaks: it carries one request at a time, and perhaps others
// ahead of their turn, which can be taken back until the worker begins them.
import type { SidegateError, UpstreamError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import type { LogFields, LogLevel } from '../log.ts'
import type { ControlMessage, SupervisedProcess } from '../processes/process.ts'
import type { Waiter } from '../queue.ts'

/** An exchange in the queue. Noted with it: where it was sent ahead of its turn, or that it cannot be (it has a body, or is too large). */
export type Waiting = Waiter<Sent | 'stays' | undefined>

/** A request that was sent to a worker, and that the worker may have begun. */
export interface Sent {
  readonly exchange: Exchange
  readonly link: Link
  /** It keeps its place in the queue until its turn comes; undefined from then on. */
  readonly waiting: Waiting | undefined
  /** False when nobody waits for its answer any more. */
  readonly wanted: boolean
}

/** A way to a worker. `now`: as performance.now(). */
export interface Link {
  /** Its number among those of its worker. */
  readonly index: number
  /** Its exchange waits for the worker. */
  readonly answering: boolean
  /** Requests that the worker has begun on it, the one under way among them. */
  readonly requests: number
  /** How many of them were taken back: the worker had not begun them after all. Not there where none can be. */
  readonly returned?: number
  /** The exchange under way, even when nobody waits for its answer any more. */
  readonly exchange: Exchange | undefined
  /** How long the app has taken for the request under way, in milliseconds; 0: there is none. */
  elapsed(now: number): number
  /** When the client of the request under way had gone, as performance.now(); 0: it has not. */
  readonly cancelledAt: number
  /** When the request under way had taken too long, as performance.now(); 0: it has not. */
  readonly expiredAt: number
  /** The request under way took too long: its exchange ends with the error, and the worker is told to stop it. */
  expire(error: UpstreamError): void
  /** Sends a request to the worker; the link has to be idle. */
  run(exchange: Exchange): void
  /** How many requests are ahead; undefined when no more may be. */
  aheadAt(now: number): number | undefined
  /** How many may be ahead: it is busy, and soon free, as far as can be told; 0: none. */
  room(now: number): number
  /** The request under way takes so long that those ahead had better go to another busy worker. */
  isStuck(now: number): boolean
  /** Those ahead had better go to a worker that has nothing to do. */
  isSlow(now: number): boolean
  /** Sends one ahead of its turn; false when it cannot be. */
  sendAhead(waiting: Waiting): boolean
  /** Takes back the one that is first, its turn or the next; undefined when the worker has begun them all. `settle` has to follow. */
  takeFirst(): Sent | undefined
  /** Goes on to the next when the one whose turn it was has been taken back. */
  settle(): void
  /** Takes back all that the worker has not begun: the one whose turn it was is returned, the others wait in the queue as before. */
  takeBack(): void
  /** It carries a connection that the app has taken over, such as a WebSocket. Not there where none can be. */
  readonly isTaken?: boolean
  /** The worker leaves: a connection that was taken over ends as soon as it may. Not there where none can be. */
  retire?(): void
  /** Lets the worker end when it has begun what was sent. */
  close(): void
  /**
   * The worker is gone, and what it had not begun was taken back: ends the exchange under way, and those that it had begun, but those that
   * `spared` wants to have for another worker: nothing of their answers was sent, and they have no bodies.
   */
  fail(error: UpstreamError, spared?: (exchange: Exchange) => boolean): void
}

/**
 * What an app wrote (`output`), or what went wrong in it (`failure`; `fatal`: there will be no (more) response); or what is to be logged as it
 * is (`record`).
 */
export type Report =
  | { type: 'output'; stream: 'stdout' | 'stderr' | 'errors'; text: string }
  | { type: 'failure'; code: string; message: string; detail: string | undefined; fatal: boolean }
  | { type: 'record'; level: LogLevel; message: string; fields: LogFields }

/** The worker at the end of a link. */
export interface LinkEnd {
  /** The link is free again. */
  released(link: Link): void
  /** Nobody waits for the answer to the request of a link any more; the worker has been told. */
  cancelled(): void
  /** It can carry no more requests; its exchange waits for `fail`. */
  lost(link: Link, error: SidegateError | undefined): void
  /** It answers again: it can take requests. */
  heard(): void
  /** It has not answered for so many milliseconds, and is not waited for any longer. */
  silent(milliseconds: number): void
  /** What the app has to say beside the response; `request`: the id of the one that it belongs to, if any. */
  reported(report: Report, request: string | undefined): void
}

/** Who gives links their requests. */
export interface Turns {
  /** A link has room for a request ahead, or gave some back. */
  advanced(): void
  /** A request that was sent ahead is begun. */
  begun(waiting: Waiting): void
  /** One whose turn it was has not been begun there. */
  returned(exchange: Exchange): void
  /** One that a worker had begun which was ended for the sake of others: true when another worker runs it anew. */
  again(exchange: Exchange): boolean
}

/** The links of one process. */
export interface Links {
  readonly all: readonly Link[]
  /** The process does not answer at present: it gets no requests. Not there where nobody asks it. */
  readonly isSilent?: boolean
  /** The process is ready: what it said with that. */
  ready(message: ControlMessage): void
  /** Anything else that it said on its control channel. */
  heard?(message: ControlMessage): void
  /** What it is doing at this moment, as text; or why that cannot be told. Not there where there is no way to ask. Never rejects. */
  stack?(): Promise<string>
}

/** Makes the links of a process, which has just been started; one for each of its connections. */
export type Speech = (process: SupervisedProcess, end: LinkEnd, turns: Turns) => Links

/** Nothing of its answer was sent, and it has no body: another worker could run it from its beginning. */
export function isFresh({ state, body }: Exchange): boolean {
  return state === 'open' && body.length === 0
}
