// How long a connection may be silent, and how long a request head may take, however slowly it trickles.
import type { Socket } from 'node:net'
import { PeerError } from '../errors.ts'
import type { Allowance } from './limits.ts'
import { Taking } from './taking.ts'

/** The connection of a request is closed. */
export function clientGone(error: Error | undefined): PeerError {
  const why = error ? `the connection broke: ${error.message}` : 'the client went away'
  return new PeerError('CLIENT_GONE', why, 499, { cause: error })
}

/** A head is not complete. */
export function headLate(milliseconds: number): PeerError {
  return new PeerError('HEAD_TIMEOUT', `a request head was not complete after ${milliseconds / 1000} s`, 408)
}

/** A response is not taken. */
export function sendLate(milliseconds: number): PeerError {
  const message = `the client took nothing of its response for ${milliseconds / 1000} s`
  return new PeerError('SEND_TIMEOUT', message, 499)
}

/** Calls `late`, unless something has come on a socket that was not read yet. */
export function unlessHeard(socket: Socket, late: () => void): void {
  const { bytesRead } = socket
  // Whoever asks and is asked in one process takes a turn for each.
  setImmediate(() => setImmediate(() => socket.bytesRead === bytesRead && late()))
}

/** The clock of one connection. */
export class Patience {
  readonly #socket: Socket
  readonly #late: () => void
  readonly #allowance: Allowance
  #listening = false
  /** Somebody is to be told. */
  #heeded = false
  /** It was silent for as long as it may be, and nothing has been said since. */
  #due = false
  /** There once the output had to wait. */
  #taking: Taking | undefined
  #headSince = 0
  /** When the peer last had reason to send a request soon, as performance.now() has it; -Infinity once it has sent one. */
  promised = -Infinity

  /** `late` is called when the connection was silent for too long. */
  constructor(socket: Socket, allowance: Allowance, late: () => void) {
    this.#socket = socket
    this.#allowance = allowance
    this.#late = late
  }

  /** True while a head is arriving. */
  get inHead(): boolean {
    return this.#headSince > 0
  }

  /** Sets how long the connection may be silent, in milliseconds; 0: for ever. */
  silence(milliseconds: number): void {
    this.#heeded = milliseconds > 0
    this.#due = false
    if (!this.#listening) {
      if (milliseconds === 0) return
      this.#listening = true
      this.#socket.on('timeout', () => this.#heeded && this.#silent())
    }
    this.#socket.setTimeout(milliseconds)
  }

  /** This process may have been busy for so long itself: what has come meanwhile is read first. */
  #silent(): void {
    this.#due = true
    unlessHeard(this.#socket, () => this.#due && this.#heeded && this.#late())
  }

  /** The output waits for the client: it may take nothing of it for so long. */
  sending(): void {
    ;(this.#taking ??= new Taking(this.#socket, this.#allowance.send)).begin()
    this.silence(this.#allowance.send)
  }

  /** While it waits: nothing of it was taken for too long. */
  get untaken(): boolean {
    return this.#taking!.late
  }

  /** `silence`, and while a head is arriving that long for it. */
  rest(milliseconds: number): void {
    this.silence(milliseconds > 0 && this.inHead ? Math.max(1, this.#headLeft) : milliseconds)
  }

  /** The peer was told that somebody is here; milliseconds of silence as with `rest`. */
  answered(milliseconds: number): void {
    this.rest(milliseconds)
    this.expect()
  }

  /** A request may be on its way. */
  expect(): void {
    this.promised = performance.now()
  }

  /** A part of a head arrived. False when the whole of it takes too long. */
  headPart(): boolean {
    if (!this.inHead) this.#headSince = performance.now()
    const left = this.#headLeft
    if (left > 0) this.silence(left)
    return left > 0
  }

  /** Milliseconds. */
  get #headLeft(): number {
    return Math.ceil(this.#headSince + this.#allowance.head - performance.now())
  }

  /** A head is complete; `milliseconds` of silence may follow. */
  headOver(milliseconds: number): void {
    this.#headSince = 0
    this.silence(milliseconds)
  }

  /** A head is complete, and its request may take its time. The clock goes on unheeded: what comes next sets it anew, which is one timer a request. */
  requestBegun(): void {
    this.#headSince = 0
    this.promised = -Infinity
    this.#heeded = false
  }
}
