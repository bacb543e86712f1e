// One connection to a server: one exchange at a time. A request without a body is one write.
import { Alarm } from './alarm.ts'
import { BodySender, type Awaited, type OutStream, type SenderOwner } from './body-sender.ts'
import { BODY_HIGH_WATER } from '../body.ts'
import { notePiece } from '../collector.ts'
import type { SidegateError } from '../errors.ts'
import type { Entry } from '../linked-list.ts'
import { Lines } from '../lines.ts'
import type { ClientCodec, ClientEvent } from '../wire/codec.ts'
import { ended, notConnected, ofResponse, type Progress } from './failure.ts'
import type { Inflow, Passage, Phase } from './passage.ts'
import type { Upload } from '../upload.ts'

/** Who keeps connections. */
export interface Keeper<C extends ClientCodec> {
  /** The response is complete and the connection can carry another request. Else it closes itself. */
  released(connection: Connection<C>): void
  /** The server has sent something for the first time. */
  heard(connection: Connection<C>): void
  /** The server has sent a body behind a response that has none by its status. */
  untidy(): void
  /** It has never done that. */
  readonly tidy: boolean
  /** It is closed. Called once. */
  closed(connection: Connection<C>): void
  /** A line that the server wrote for the log (FastCGI's STDERR). */
  said(line: string, passage: Passage | undefined): void
  /** What answered has ended as a program does that failed (FastCGI 1.0, 5.5: appStatus). `exit`: not 0. */
  exited(exit: number, passage: Passage): void
}

/** What the clock of a request measures while its body waits. */
const PHASES: Readonly<Record<Awaited, Phase>> = { client: 'client', server: 'idle', answer: 'firstByte' }

/** A connection. */
export class Connection<C extends ClientCodec> implements Inflow, SenderOwner {
  readonly #name: string
  readonly #socket: OutStream
  readonly #codec: C
  readonly #owner: Keeper<C>
  #passage: Passage | undefined
  readonly #sender: BodySender
  #lines: Lines | undefined
  /** Of the request under way, and of the time without one. */
  readonly #alarm = new Alarm(() => (this.#passage ? this.#passage.late() : this.#leave()))
  #connected = false
  /** Requests were answered on it before. */
  #used = false
  #failure: NodeJS.ErrnoException | undefined
  #closed = false
  /** Its place among those of its owner; the owner's. */
  entry: Entry<Connection<C>> | undefined
  /** Nothing has come from the server yet. */
  waiting = true
  /** An idle connection was closed so that the server has a process for this one. */
  relieved = false
  /** As performance.now(). */
  readonly madeAt: number = performance.now()
  /** When it was kept, as performance.now(). */
  idleSince = 0

  /**
   * @param name the server, for messages
   * @param socket connects
   * @param ready the event that says that it has
   */
  constructor(name: string, socket: OutStream, codec: C, owner: Keeper<C>, ready = 'connect') {
    this.#name = name
    this.#codec = codec
    this.#owner = owner
    this.#socket = socket
    this.#sender = new BodySender(socket, codec, this)
    socket
      .on(ready, () => this.#opened())
      .on('data', (bytes: Buffer) => this.#receive(bytes))
      .on('drain', () => this.#pump())
      .on('end', () => this.#receiveEnd())
      .on('error', (error) => (this.#failure = error))
      .on('close', () => this.#lost())
  }

  /**
   * Sends a request; there is none under way.
   * @param write gives the head
   * @throws what `write` throws, such as PeerError when it cannot be written in this protocol; the connection is closed then.
   */
  run(passage: Passage, upload: Upload, write: (codec: C) => Uint8Array): void {
    const head = this.#headOf(write)
    const socket = this.#socket
    this.#passage = passage
    this.#sender.begin(upload)
    if (!this.#connected) passage.clock('connect')
    if (upload.length === 0) {
      socket.write(head)
      return this.#pump()
    }
    socket.cork()
    socket.write(head)
    this.#pump()
    socket.uncork()
  }

  #headOf(write: (codec: C) => Uint8Array): Uint8Array {
    try {
      return write(this.#codec)
    } catch (error) {
      this.stop()
      throw error
    }
  }

  /** No request for so long (milliseconds): it closes itself. */
  keep(milliseconds: number): void {
    this.#alarm.set(milliseconds)
    this.idleSince = performance.now()
  }

  limit(milliseconds: number): void {
    this.#alarm.set(milliseconds)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  stop(): void {
    this.#socket.destroy()
  }

  #opened(): void {
    this.#connected = true
    const passage = this.#passage
    if (!passage || passage.over) return
    if (!this.#sender.body) return passage.clock('firstByte')
    passage.clock(this.#sender.reading ? 'client' : 'idle')
    this.#pump()
  }

  /** Sends of the request body what there is and the server takes. */
  #pump(): void {
    // A body that is not kept for another try is read only when there is somebody to send it to.
    if (!this.#connected && (this.#sender.body?.length ?? Infinity) > BODY_HIGH_WATER) return
    this.#sender.pump()
  }

  get over(): boolean {
    return this.#passage?.over ?? true
  }

  waits(awaited: Awaited): void {
    if (this.#connected) this.#passage!.clock(PHASES[awaited])
  }

  broken(error: unknown): void {
    this.#passage?.fail(error as SidegateError)
  }

  #receive(bytes: Buffer): void {
    const passage = this.#passage
    if (!passage) return this.#unasked()
    if (this.waiting) {
      this.waiting = false
      this.#owner.heard(this)
    }
    notePiece(bytes.byteLength)
    try {
      this.#take(this.#codec.receive(bytes), passage)
    } catch (error) {
      return passage.fail(ofResponse(this.#name, this.#progress(passage), error))
    }
    if (this.#passage !== passage) return
    passage.flush()
    this.#pump()
  }

  #take(events: readonly ClientEvent[], passage: Passage): void {
    const { length } = events
    for (let index = 0; index < length; index++) {
      const event = events[index]!
      switch (event.type) {
        case 'head':
          passage.head(event.head)
          break
        case 'body': {
          const next = events[index + 1]
          if (next?.type === 'end') passage.body(event.bytes, true, next.exit !== undefined)
          else passage.body(event.bytes, false)
          break
        }
        case 'interim':
          passage.interim(event.head)
          break
        case 'reply':
          this.#socket.write(event.bytes)
          break
        case 'stderr':
          this.#lines ??= new Lines((line) => this.#owner.said(line, this.#passage))
          this.#lines.push(event.bytes)
          break
        case 'end':
          this.#finish(event, passage)
          break
        default:
          break
      }
    }
  }

  #finish({ reuse, exit }: Extract<ClientEvent, { type: 'end' }>, passage: Passage): void {
    this.#lines?.end()
    if (exit !== undefined) this.#owner.exited(exit, passage)
    passage.end(exit !== undefined)
    this.#passage = undefined
    const { writable, refused = false, readableEnded } = this.#socket
    const { spoiled, bare } = this.#codec
    if (bare && spoiled) this.#owner.untidy()
    const safe = !spoiled && (!bare || this.#owner.tidy)
    const clean = reuse && safe && !this.#sender.body && writable && !refused && !readableEnded
    this.#sender.stop()
    if (!clean) return void this.#socket.destroy()
    // The client may have been slow up to the end; the next response finds the connection reading.
    if (this.#socket.isPaused()) this.#socket.resume()
    this.#used = true
    this.#owner.released(this)
  }

  #receiveEnd(): void {
    const passage = this.#passage
    if (!passage) return this.#leave()
    const progress = this.#progress(passage)
    try {
      this.#take(this.#codec.receiveEnd(), passage)
    } catch (error) {
      passage.fail(ofResponse(this.#name, progress, error))
    }
    // A write that failed would keep it open.
    this.#socket.destroy()
  }

  #progress(passage: Passage): Progress {
    if (passage.begun) return 'body'
    if (this.#codec.partial) return 'head'
    return this.#used ? 'silent' : 'unheard'
  }

  /** Bytes that answer nothing: such as what a server sends behind a response. */
  #unasked(): void {
    if (this.#codec.bare) this.#owner.untidy()
    this.#leave()
  }

  /** Closes without a request under way: nobody must choose it from now on. */
  #leave(): void {
    this.#socket.destroy()
    this.#lost()
  }

  #lost(): void {
    if (this.#closed) return
    this.#closed = true
    this.#alarm.close()
    this.#owner.closed(this)
    const passage = this.#passage
    this.#passage = undefined
    if (!passage) return
    const failure = this.#failure
    if (!this.#connected) passage.fail(notConnected(this.#name, failure ?? { message: 'the connection was closed' }))
    else passage.fail(ended(this.#name, this.#progress(passage), failure))
  }
}
