// What is different from one kind of worker that speaks frames to another.
import type { Exchange } from '../../exchange.ts'
import type { FrameOutput } from '../../frames/output.ts'
import type { ControlMessage, SupervisedProcess } from '../../processes/process.ts'
import type { FramedRequest } from '../../wire/frame-request.ts'
import type { Head } from '../../wire/head.ts'

/** Who is told of a connection that was taken over. */
export interface TakenOwner {
  /** The client took so many bytes. */
  took(bytes: number): void
  /** It is closed, by whomever; the error that it broke with, if it did. */
  closed(error: Error | null): void
}

/** A connection that an app in a worker took over. */
export interface Taken {
  /** A frame of the worker for it. */
  frame(type: number, payload: Buffer): void
  /** The app has let go of it. */
  destroy(): void
}

/** Where the frames of one go. `window`: bytes that may be under way to the worker. */
export interface TakenPlace {
  readonly id: number
  readonly window: number
  readonly output: FrameOutput
  readonly owner: TakenOwner
}

/** What a worker says that it is doing. */
export interface ToldStack {
  readonly text: string
  /** The id of the request that the code runs for, where that is known. */
  readonly request: string | undefined
}

/** Asks one worker what it is doing. */
export interface StackTeller {
  /** Never rejects. `hangs`: it does not answer otherwise. */
  ask(hangs: boolean): Promise<ToldStack>
  /** What it said with `ready`. */
  ready?(message: ControlMessage): void
  /** What else it said. */
  heard(message: ControlMessage): void
}

/** The kind of worker. */
export interface Dialect {
  /** Apps there want to know how the client spelled the names of its header. */
  readonly spells: boolean
  /** What it is told first: which app it runs. JSON. Not there where its command line says so. */
  readonly opening?: object
  /** One whose code keeps it from reading frames is told by its control channel, too, of a request that took too long. */
  readonly interrupts: boolean
  /** The text that begins a request; undefined where it cannot carry a variable. `fields`: of its header, as Exchange has them. */
  write(request: FramedRequest, fields: readonly string[] | undefined): string | undefined
  /** The app may take the connection of this one over. */
  takes(exchange: Exchange): boolean
  /** The app does so. @throws what Exchange.upgrade throws */
  take(exchange: Exchange, head: Head, place: TakenPlace): Taken
  stacks(process: SupervisedProcess): StackTeller
}
